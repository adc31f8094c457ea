"""What dead workers and lost queues left behind. Any number of processes may sweep at once.

A worker that dies is noticed when its lease ends, 20 seconds after its last heartbeat at most; beat sweeps every 5.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from rooms.errors import Conflict
from rooms.models import Message, User
from rooms.services.messages import interrupt_message

from .. import money
from ..llm.port import Usage, count_tokens
from ..models import Chain, Reason, Status, Step, Wake
from ..outcomes import SENTENCES, Outcome
from ..routing import limits
from ..together.expiring import expire_plans
from ..together.work import agent_of, is_aside
from ..triggers import energy
from . import line
from .endings import end_task, text_shown, words_of
from .lapsing import end_lapsed
from .life import RELATED, ready_after, written_down

log = logging.getLogger(__name__)

BATCH = 200
REQUEUE_AFTER = 8.0
"""Seconds after which a step that nobody took is queued again."""

LATELY = 1000
"""Events of a room among which lost ones are looked for: while they wait to be found the room goes on."""

LOST_EVENTS = """
    SELECT e.id FROM rooms_room r
      JOIN rooms_event n ON n.room_id = r.id AND n.seq = r.last_seq
      JOIN rooms_event e ON e.room_id = r.id AND e.seq > r.last_seq - %(lately)s
      LEFT JOIN rooms_message m ON m.id = e.message_id
     WHERE r.watched AND n.created_at > now() - make_interval(secs => %(patience)s)
       AND e.type = ANY(%(types)s) AND NOT e.pending
       AND (NOT %(waking)s OR r.deleted_at IS NULL AND (e.type = 'message.posted' OR m.mentions <> '{}'))
       AND e.created_at BETWEEN now() - make_interval(secs => %(patience)s) AND now() - make_interval(secs => %(after)s)
       AND NOT EXISTS (SELECT 1 FROM agents_wake w WHERE w.event_id = e.id)
     ORDER BY e.id LIMIT %(limit)s
"""


@dataclass(slots=True)
class Lost:
    """What has to be queued again."""

    steps: list[UUID] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    ended: int = 0


def sweep() -> Lost:
    lost = Lost()
    lost.ended = end_dead_runs() + end_cancelled_waiting() + expire_waiting() + end_lapsed() + end_orphans()
    lost.ended += expire_plans()
    call_forgotten()
    money.give_back_orphaned()
    lost.steps = steps_to_queue()
    lost.events, lost.taken_back = events_to_wake(), events_to_forget()
    forget_wakes()
    return lost


def end_dead_runs() -> int:
    """Steps whose lease ran out: their worker is dead, asleep or cut off. What it showed is kept and marked."""
    dead = Step.objects.filter(status=Status.RUNNING, lease_until__lt=Now()).select_related(*RELATED)
    return sum(ended_in_peace(step) for step in list(dead[:BATCH]))


def ended_in_peace(step: Step) -> bool:
    """One that cannot be ended is tried again when the lease of the sweeper is over; the others do not wait for it."""
    try:
        return end_dead_run(step)
    except (OperationalError, InterfaceError):
        raise  # it was tried for long enough; the next sweep goes on with the others
    except Exception:
        log.exception("run %s, whose worker is dead, could not be ended", step.task_id)
        return False


def end_dead_run(step: Step) -> bool:
    """Takes the lease over first, so that its owner, should it wake, is out before the text is read."""
    taken = Step.objects.filter(pk=step.pk, fence=step.fence, status=Status.RUNNING, lease_until__lt=Now())
    if not taken.update(fence=F("fence") + 1, lease_until=Now() + timedelta(seconds=30)):
        return False
    text = text_shown(step.task.reply)
    reason = Reason.CANCELLED if step.task.cancel_requested_at else Reason.WORKER_LOST
    spent = guess(step, text)
    limits.settle_dead(step.pk, spent.cost_micros if spent else 0)
    if not written_down(step, step.fence + 1, Outcome(reason, text, usage=spent)):
        return False
    if is_aside(step):  # the others go on without it
        line.queue(ready_after(step))
    return True


def guess(step: Step, text: str) -> Usage | None:
    """The call was made and will be billed; nobody was told how much. None when it had not come to a call."""
    if not step.prompt_tokens:
        return None
    written = count_tokens(agent_of(step).model_name, text) if text else 0
    price, step.held_micros = money.held_for(step)
    cost = price.of(step.prompt_tokens, written)
    return Usage(step.prompt_tokens, written, cost, estimated=True)


def end_cancelled_waiting() -> int:
    """Tasks stopped before anybody took them, should the stopping itself have broken off."""
    stopped = Step.objects.filter(status=Status.WAITING, task__cancel_requested_at__isnull=False)
    return end_waiting(stopped.values_list("pk", flat=True), Reason.CANCELLED)


def expire_waiting() -> int:
    """An answer nobody wants to wait for any more is not begun."""
    limit = Now() - timedelta(seconds=settings.AGENT_PATIENCE_SECONDS)
    old = Step.objects.filter(status=Status.WAITING, held=False, task__status=Status.WAITING, created_at__lt=limit)
    return end_waiting(old.values_list("pk", flat=True), Reason.EXPIRED)


def end_waiting(steps: object, reason: Reason) -> int:
    ended = 0
    for pk in list(steps[:BATCH]):  # type: ignore[index]
        with transaction.atomic():
            step = waiting_and_locked(pk)
            ended += step is not None and end_task(step.task, Outcome(reason, words_of(step.task)))
    return ended


def waiting_and_locked(pk: UUID) -> Step | None:
    """The step, if it still waits and nobody else is about to end it; nobody can claim it now."""
    locked = Step.objects.select_for_update(of=("self",), skip_locked=True).select_related(*RELATED)
    return locked.filter(pk=pk, status=Status.WAITING).first()


def end_orphans() -> int:
    """Messages that say *writing* while no step writes them, whatever the cause: no crash alone makes them."""
    stale = Message.objects.filter(
        state=Message.State.WRITING, author__kind=User.Kind.AGENT, created_at__lt=Now() - timedelta(seconds=60)
    ).exclude(task__status__in=[Status.WAITING, Status.RUNNING])
    ended = 0
    for message in list(stale[:BATCH]):
        try:
            interrupt_message(message=message, body=text_shown(message), notice=SENTENCES[Reason.WORKER_LOST])
            ended += 1
        except Conflict:
            continue
    return ended


def steps_to_queue() -> list[UUID]:
    """Steps that could run and that nobody took: their queue message was lost, or all workers are busy."""
    overdue = Step.objects.ready().filter(queued_at__lt=Now() - timedelta(seconds=REQUEUE_AFTER))
    steps = list(overdue.values_list("pk", flat=True)[:BATCH])
    Step.objects.filter(pk__in=steps).update(queued_at=Now())
    return steps


def events_to_wake() -> list[int]:
    """Events whose handlers were queued and never ran, e.g. because Redis was emptied."""
    return lost_by("agents.tasks.wake", waking=True)


def events_to_forget() -> list[int]:
    """Likewise of what was taken back; also where a run was still going on, or the database was not to be had."""
    return lost_by("agents.tasks.forget")


def lost_by(handler: str, *, waking: bool = False) -> list[int]:
    params: dict[str, Any] = {
        "types": [type for type, names in settings.EVENT_HANDLERS.items() if handler in names],
        "waking": waking,
        "patience": settings.AGENT_PATIENCE_SECONDS,
        "after": REQUEUE_AFTER,
        "lately": LATELY,
        "limit": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOST_EVENTS, params)
        return [row[0] for row in cursor.fetchall()]


def call_forgotten() -> None:
    """What a process left undone that died between a commit and what it does after it."""
    for seat_id in line.forgotten():
        line.next_up(seat_id)
    for root_id in Chain.objects.filter(told_at=None).exclude(bound="").values_list("pk", flat=True)[:BATCH]:
        energy.tell(root_id)


def forget_wakes() -> None:
    """Older marks are not asked for: nothing looks back further than an agent's patience."""
    keep = timedelta(seconds=2 * settings.AGENT_PATIENCE_SECONDS)
    Wake.objects.filter(at__lt=Now() - keep).delete()
