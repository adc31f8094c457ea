"""What is kept of runs and notes goes with the words it was made of."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import JSONObject

from rooms.models import Event

from ..models import RoomNote, Step, Task, Wake
from ..models.task import LIVE


def forget(event_id: int) -> None:
    """After a message was taken back, or a room deleted. Harmless when told twice."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        return
    if event.type == "room.deleted":
        RoomNote.objects.filter(room=event.room_id).delete()
    elif event.message_id is not None:
        forget_runs(Q(trigger_message=event.message_id) | Q(reply=event.message_id))


def forget_runs(which: Q) -> None:
    """What tools were given and answered for these runs, and the notes that agents wrote down in them.

    A run that is going on stops by itself: its question or answer is gone. With an answer the database has emptied its
    steps already.
    """
    runs = list(Task.objects.filter(which).values_list("pk", flat=True))
    tools = Step.objects.filter(task__in=runs, kind=Step.Kind.TOOL)
    tools.filter(input__has_key="call").update(input=JSONObject(call="input__call", number="input__number"), output={})
    RoomNote.objects.filter(run__in=runs).delete()


def mark(event_id: int) -> None:
    """All of it is gone. Not while a run goes on: what it writes down until it stops is to be forgotten once more."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        return
    about = Q(trigger_message=event.message_id) | Q(reply=event.message_id)
    if event.message_id is None or not Task.objects.filter(about, status__in=LIVE).exists():
        Wake.objects.bulk_create([Wake(event=event)], ignore_conflicts=True)
