"""Turns by the clock. Any number of beats and workers may look at once: whoever claims the minute lays the turn."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..models import Seat
from ..money import asks
from ..runs import line
from ..runs.laying import lay_rows
from ..tools.authority import ASK
from .schedule import due_slot


def keep(now: datetime | None = None) -> list[UUID]:
    """The steps that are ready to run because their minute has come."""
    now = now or timezone.now()
    steps: list[UUID] = []
    for seat in scheduled():
        slot = due_slot(seat.schedule, now)
        if slot is not None and (seat.last_slot is None or seat.last_slot < slot):
            steps += lay_turn(seat, slot)
    return steps


def scheduled() -> list[Seat]:
    seats = Seat.objects.filter(trigger=Seat.Trigger.SCHEDULE, agent__enabled=True, room__deleted_at=None)
    return list(seats.exclude(schedule="").select_related("agent__user", "room", "scheduled_by"))


def lay_turn(seat: Seat, slot: datetime) -> list[UUID]:
    """On behalf of whoever set the schedule, as long as they may ask agents here; their turn is let go otherwise. It is
    one of the questions they may ask. Nobody speaks by the clock for somebody who is gone, and nobody else pays."""
    with transaction.atomic():
        requester = seat.scheduled_by
        if not claimed(seat, slot) or requester is None or not requester.has_perm(ASK, seat.room):
            return []
        if asks.count(requester, seat.room) is not None:
            return []
        line.lock(seat.room_id)
        turn = line.turn_for(seat, None, requester, None)
        if turn.earlier is not None and line.is_waiting(turn.earlier):
            line.merge(turn.earlier, None)
        steps = lay_rows(seat, None, requester, slot=slot, queued_at=turn.since)
    if turn.since is None:
        return [step.pk for step in steps]
    line.next_up(seat.pk)
    return []


def claimed(seat: Seat, slot: datetime) -> bool:
    """One UPDATE of many finds the minute free. A seat that was changed meanwhile has another schedule."""
    mine = Seat.objects.filter(pk=seat.pk, trigger=Seat.Trigger.SCHEDULE, schedule=seat.schedule)
    return bool(mine.filter(Q(last_slot=None) | Q(last_slot__lt=slot)).update(last_slot=slot))
