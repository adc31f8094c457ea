"""Who of those who would answer does. A person who names several agents hears them all; of those who would speak
unasked, exactly one does, in turns: fifty agents that always answer give one answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Max

from rooms.models import Message, Room

from ..models import Reason, Seat, Task
from .seats import VOLUNTEERS, is_addressed, volunteers

RECENTLY = 3600.0


def speaking(message: Message, answering: Sequence[Seat]) -> list[Seat]:
    """Those addressed, and one of the others; in a conversation with agents alone, all. Asks the database only when
    there is something to choose."""
    if message.room.kind == Room.Kind.SESSION:
        return list(answering)  # all of them were invited to it
    addressed = [seat for seat in answering if is_addressed(seat.agent, message)]
    unasked = volunteers(message, answering)
    return addressed + (unasked if len(unasked) < 2 else [chosen(unasked)])


def chosen(unasked: Sequence[Seat]) -> Seat:
    """A keyword that was said goes before *always*, and that before *useful*; among equals, who spoke least of late.

    The claim is the room's line (`line.lock`), which whoever chooses holds: two messages at once give two speakers.
    """
    spoke = turns_of(unasked)

    def rank(seat: Seat) -> tuple[int, int, float, int]:
        turns, last = spoke.get(seat.pk, (0, 0.0))
        return VOLUNTEERS.index(Seat.Trigger(seat.trigger)), turns, last, seat.pk

    return min(unasked, key=rank)


def turns_of(seats: Sequence[Seat]) -> dict[int, tuple[int, float]]:
    """How often each was chosen within the last hour, and when last."""
    since = UUID(int=int((time.time() - RECENTLY) * 1000) << 80)  # ids are made of times: by the index, no further
    recent = Task.objects.filter(room=seats[0].room_id, pk__gte=since, seat__in=[seat.pk for seat in seats])
    rows = recent.exclude(reason=Reason.MERGED).values_list("seat_id").annotate(Count("pk"), Max("created_at"))
    return {seat: (turns, last.timestamp()) for seat, turns, last in rows if seat is not None}
