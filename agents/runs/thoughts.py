"""What models said to themselves on the way to an answer goes with the words it was about."""

from __future__ import annotations

from django.db.models import F, Func, JSONField, Q, Value

from rooms.models import Event

from ..models import Step


def forget(event_id: int) -> int:
    """For the events of a message that was taken back: the answer itself, its question, or anything it was made of."""
    told = Event.objects.filter(pk=event_id).values_list("room_id", "message_id").first()
    if told is None or told[1] is None:
        return 0
    room, message = told
    about = Q(task__reply=message) | Q(task__trigger_message=message) | Q(read__contains=[message])
    without = Func(F("output"), Value("thinking"), function="", arg_joiner=" - ", output_field=JSONField())
    return Step.objects.filter(about, task__room=room, output__has_key="thinking").update(output=without)
