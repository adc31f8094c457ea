from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from rooms import background
from rooms.errors import Conflict
from rooms.models import User
from rooms.services.messages import lock_room

from .. import tasks
from ..models import Reason, Seat, Status, Step, Task
from ..models.task import LIVE
from ..money import asks
from ..outcomes import Outcome
from ..runs.endings import end_task, words_of
from ..runs.laying import lay, next_attempt
from ..together.gathering import team_again


def cancel_run(*, run: Task, by: User) -> Task:
    """Stop an answer. One that nobody began ends here; one being written breaks off within a second, its words kept."""
    with transaction.atomic():
        lock_steps(run)
        wanted = Task.objects.filter(pk=run.pk, status__in=LIVE, cancel_requested_at=None)
        if not wanted.update(cancel_requested_at=Now(), cancelled_by=by) and not is_live(run):
            raise Conflict("This run has ended already.")
        end_unless_running(run, Reason.CANCELLED)
    return Task.objects.get(pk=run.pk)


def stop(run: Task, reason: Reason) -> None:
    """End a run for a reason of the house, if nobody has begun it; whoever runs it finds the reason by themselves."""
    with transaction.atomic():
        lock_steps(run)
        end_unless_running(run, reason)


def lock_steps(run: Task) -> None:
    """Nobody can claim them until the transaction ends."""
    list(Step.objects.select_for_update(of=("self",)).filter(task=run).order_by("pk"))


def is_live(run: Task) -> bool:
    return Task.objects.filter(pk=run.pk, status__in=LIVE).exists()


def end_unless_running(run: Task, reason: Reason) -> None:
    if not Step.objects.filter(task=run, status=Status.RUNNING).exists():
        end_task(run, Outcome(reason, words_of(run)))


def retry_run(*, run: Task, by: User) -> Task:
    """Ask for the answer once more: a new run, whoever asks now its requester. The broken one stays as it is.

    The room is locked before anything is looked at, so that of two who ask at once the second finds the first's run.
    """
    with transaction.atomic():
        asks.take(by, run.room)
        lock_room(run.room)
        question, seat = run.trigger_message, Seat.objects.filter(room=run.room, agent=run.agent).first()
        if run.status == Status.DONE or is_live(run) or is_answering(run):
            raise Conflict("There is an answer to this already, or one is being written.")
        if question is None or question.is_recalled:
            raise Conflict("The question was taken back.")
        if seat is None or not seat.agent.enabled:
            raise Conflict("The agent is not in this room any more.")
        plan = plan_again(run)
        task = lay(seat=seat, question=question, requester=by, attempt=next_attempt(run), root=run.root_message, **plan)
        if task is None:
            raise Conflict("The agent cannot answer here, or somebody has asked for it at this moment.")
        transaction.on_commit(partial(queue_steps, task.pk), robust=True)
    return task


def plan_again(run: Task) -> dict[str, Any]:
    """Several who worked on it do so again, as far as they are still there."""
    team = team_again(run)
    return {"plan": team.plan, "pattern": team.pattern} if team else {}


def is_answering(run: Task) -> bool:
    """Another attempt at the same question is under way or has succeeded."""
    others = Task.objects.filter(agent=run.agent_id, trigger_message=run.trigger_message_id)
    return others.filter(status__in=[*LIVE, Status.DONE]).exists()


def queue_steps(task_id: UUID) -> None:
    """From a thread of its own, since a broker that hangs must not hold up who asks; the sweeper finds what is lost."""
    steps = list(Step.objects.ready().filter(task=task_id).values_list("pk", flat=True))
    background.executor().submit(tasks.queue, steps)
