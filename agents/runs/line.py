"""The line before an agent: while it writes for some readers, what is asked of it for the same readers waits here, and
is then answered as one. See docs/decisions/0017-one-answer-at-a-time.md.

A task in the line has `queued_at`; no claim finds it. That mark is set and taken away only by who holds the line of
the room, which is an advisory lock, always the last one taken, so that nobody who has it waits for anybody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from rooms import background, prepared
from rooms.models import Message, User

from ..models import Reason, Seat, Status, Step, Task
from ..models.task import LIVE
from ..outcomes import SENTENCES
from ..triggers import energy
from ..triggers.energy import Cause

SPACE = 0x6C696E65
WAITING = """SELECT room_id FROM agents_task
              WHERE seat_id = %(seat)s AND status = 'waiting' AND queued_at IS NOT NULL LIMIT 1"""
LOCK = "SELECT pg_advisory_xact_lock(%(space)s, %(room)s)"

Place = tuple[frozenset[int] | None, UUID | None]
"""Where answers of one agent come one after another: the readers, and the thread."""


def key_of(room_id: int) -> dict[str, int]:
    return {"space": SPACE, "room": room_id % 2**31}


def lock(room_id: int) -> None:
    """Nobody else lays out tasks of this room, or calls one from the line, until the transaction ends."""
    prepared.fetch(LOCK, key_of(room_id))


BUSY = "SELECT DISTINCT seat_id FROM agents_task WHERE seat_id = ANY(%(seats)s) AND status IN ('waiting', 'running')"


def look_at(seats: Collection[Seat]) -> None:
    """Which of the seats are `busy`. Wants the line to be locked: only then it sees what was laid out before."""
    busy = {row[0] for row in prepared.fetch(BUSY, {"seats": [seat.pk for seat in seats]})}
    for seat in seats:
        seat.busy = seat.pk in busy


@dataclass(frozen=True, slots=True)
class Turn:
    """What the line has for somebody who asks: since when they wait (None: they need not), and whom they replace."""

    since: datetime | None = None
    earlier: Task | None = None


AT_ONCE = Turn()


def turn_for(seat: Seat, question: Message | None, requester: User, cause: Cause | None) -> Turn:
    """Wants the line to be locked."""
    place = place_of(seat.agent.user_id, question)
    there = [task for task in live_tasks(seat.pk) if place_of(seat.agent.user_id, task.trigger_message) == place]
    if not there:
        return AT_ONCE
    waiting = [task for task in there if task.queued_at is not None]
    earlier = next((task for task in waiting if goes_with(task, requester, cause)), None)
    return Turn(earlier.queued_at if earlier else timezone.now(), earlier)


def place_of(agent_id: int, question: Message | None) -> Place:
    if question is None:
        return None, None
    readers = None if question.visible_to is None else frozenset({*question.visible_to, agent_id})
    return readers, question.thread_id


def goes_with(task: Task, requester: User, cause: Cause | None) -> bool:
    """Whether it may be answered together with what comes now: asked by the same person, who pays for one answer then;
    and what agents have said only with what belongs to the same chain."""
    if task.requester_id != requester.pk or task.attempt > 1:
        return False
    if cause is None or task.slot is not None:
        return cause is None and task.slot is not None
    return task.depth == 0 if cause.is_human else task.depth > 0 and task.root_message_id == cause.root.pk


def live_tasks(seat_id: int) -> list[Task]:
    """Those that run or may run, and then the line in its order."""
    found = Task.objects.filter(seat=seat_id, status__in=LIVE).select_related("trigger_message")
    return sorted(found, key=lambda task: (task.queued_at is not None, task.queued_at, task.pk))


def is_later(task: Task, question: Message) -> bool:
    """Whether a task of the line is for something that was said after this."""
    return task.trigger_message is not None and task.trigger_message.seq > question.seq


def merge(earlier: Task, cause: Cause | None) -> None:
    """End a task of the line in favour of a later one. Nobody saw it begin, so nobody is told that it ends. A turn of
    another chain is given back; one of the same chain the later task has now."""
    Step.objects.filter(task=earlier, status=Status.WAITING).update(status=Status.CANCELLED, ended_at=Now())
    Task.objects.filter(pk=earlier.pk).update(
        status=Status.DONE, reason=Reason.MERGED, notice=SENTENCES[Reason.MERGED], queued_at=None, ended_at=Now()
    )
    if earlier.root_message_id and (cause is None or cause.root.pk != earlier.root_message_id):
        energy.give_back(earlier.root_message_id)


def is_waiting(task: Task) -> bool:
    """In the line, and now locked; not when somebody else has it locked, who is about to end it."""
    locked = Task.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=task.pk, status=Status.WAITING)
    return locked.exclude(queued_at=None).first() is not None


# --- calling the next


def next_up(seat_id: int | None) -> list[UUID]:
    """Whoever has waited longest gets their answer, if nobody is answered there now. To be called after a task has
    ended or was put into the line, outside of that transaction: one of the two then sees what the other has done."""
    rooms = prepared.fetch(WAITING, {"seat": seat_id}) if seat_id is not None else []
    if seat_id is None or not rooms:
        return []
    steps = called(rooms[0][0], seat_id)
    queue(steps)
    return steps


@transaction.atomic
def called(room_id: int, seat_id: int) -> list[UUID]:
    lock(room_id)
    agent_id = who_sits_at(seat_id)
    taken: set[Place] = set()
    steps: list[UUID] = []
    for task in live_tasks(seat_id):
        place = place_of(agent_id, task.trigger_message)
        if task.queued_at is not None and (place in taken or not is_waiting(task)):
            continue
        if task.queued_at is not None:
            steps += call(task)
        taken.add(place)
    return steps


def who_sits_at(seat_id: int) -> int:
    """The user that the agent is; nobody when it was sent out meanwhile."""
    return Seat.objects.filter(pk=seat_id).values_list("agent__user_id", flat=True).first() or 0


def call(task: Task) -> list[UUID]:
    Task.objects.filter(pk=task.pk).update(queued_at=None)
    Step.objects.filter(task=task, status=Status.WAITING).update(queued_at=Now())
    return list(Step.objects.ready().filter(task=task).values_list("pk", flat=True))


def queue(steps: Iterable[UUID]) -> None:
    """From a thread of its own, since a broker that hangs must not hold up whoever ended something."""
    from .. import tasks  # the doors stand above

    steps = list(steps)
    if steps:
        background.executor().submit(tasks.queue, steps)


def forgotten() -> list[int]:
    """Seats with somebody waiting for nobody: a process died between an end and the call of the next. The agent may be
    busy all the same, in another thread or for other readers."""
    waiting = Task.objects.filter(status=Status.WAITING, queued_at__lt=Now()).exclude(seat=None)
    return [seat_id for seat_id in waiting.values_list("seat_id", flat=True).distinct() if is_forgotten(seat_id)]


def is_forgotten(seat_id: int) -> bool:
    agent_id = who_sits_at(seat_id)
    line: set[Place] = set()
    taken: set[Place] = set()
    for task in live_tasks(seat_id):
        (taken if task.queued_at is None else line).add(place_of(agent_id, task.trigger_message))
    return not line <= taken
