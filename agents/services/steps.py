"""Stopping a step with all that needs it, and doing a run again from one of its steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from rooms.errors import Conflict, NotFound
from rooms.models import Message, User
from rooms.services.messages import lock_room

from .. import approvals
from ..models import Coordination, Reason, Status, Step, Task
from ..models.task import LIVE
from ..money import asks
from ..runs.again import Again, again_from
from ..runs.laying import next_attempt
from ..together import disputes
from ..together.going_on import go_on_without
from ..triggers import energy
from .alternatives import begin_beside, may_be_answered_again
from .groups import check_one_more, first_of
from .runs import cancel_run, is_live, lock_steps, queue_steps


def cancel_step(*, run: Task, step_id: UUID, by: User) -> Task:
    """Stop a step and whatever needs it. Where nothing is left that could end the run, the run is stopped, with what
    was shown. One that is being run breaks off within a second."""
    with transaction.atomic():
        lock_steps(run)
        steps = list(Step.objects.filter(task=run).prefetch_related("needs"))
        step = the_one(steps, step_id)
        if step.status not in LIVE or step.cancel_requested_at is not None:
            raise Conflict("This step has ended already.")
        stopped = {step.pk, *descendants(step.pk, steps)}
        if ends_the_run(run, steps, stopped):
            return cancel_run(run=run, by=by)
        mine = Step.objects.filter(pk__in=stopped)
        mine.filter(status=Status.WAITING).update(
            status=Status.CANCELLED, error=Reason.CANCELLED, cancel_requested_at=Now(), ended_at=Now()
        )
        mine.filter(status=Status.RUNNING).update(cancel_requested_at=Now())
        if run.pattern != Coordination.SEPARATE:
            if not go_on_without(run):
                return cancel_run(run=run, by=by)
            approvals.close(run)
            transaction.on_commit(partial(queue_steps, run.pk), robust=True)
    return Task.objects.get(pk=run.pk)


def the_one(steps: Iterable[Step], step_id: UUID) -> Step:
    found = next((step for step in steps if step.pk == step_id), None)
    if found is None:
        raise NotFound
    return found


def descendants(step_id: UUID, steps: Collection[Step]) -> set[UUID]:
    """All that need it, at first or at second hand."""
    found: set[UUID] = set()
    while True:
        more = {step.pk for step in steps if {one.pk for one in step.needs.all()} & {step_id, *found}} - found
        if not more:
            return found
        found |= more


def ends_the_run(run: Task, steps: Collection[Step], stopped: Collection[UUID]) -> bool:
    """Whether every step that nothing else needs is among these: then the answer cannot come any more. Of a team's
    work it comes as long as anybody contributes to it."""
    left = [step for step in steps if step.pk not in stopped]
    if run.pattern != Coordination.SEPARATE and all(step.kind != Step.Kind.COMPLETE for step in steps):
        return not any(step.status in (*LIVE, Status.DONE) for step in left if step.kind == Step.Kind.CONSULT)
    needed = {one.pk for step in steps for one in step.needs.all()}
    return all(step.pk in stopped for step in steps if step.pk not in needed)


def retry_step(*, run: Task, step_id: UUID, by: User) -> Task:
    """The run once more from this step: a new run beside it that takes over what was done before, and pays only for
    what it does itself. The room is locked first, so that of two who ask at once the second finds the first's run."""
    with transaction.atomic():
        asks.take(by, run.room)
        lock_room(run.room)
        if is_live(run):
            raise Conflict("This run is still under way.")
        check_one_more(run)
        question, seat = may_be_answered_again(run, run.agent)
        words = words_to_keep(run)
        if run.root_message_id is not None:
            energy.renew(run.root_message_id)
        plan = again_from(the_steps(run), step_id, together=run.pattern != Coordination.SEPARATE)
        task = Task.objects.create(
            room=run.room,
            agent=run.agent,
            seat=seat,
            requester=by,
            trigger_message=question,
            root_message=run.root_message,
            alternative_of=first_of(run),
            made_from=run.made_from,
            pattern=run.pattern,
            agent_version=seat.agent.version,
            attempt=next_attempt(run),
            depth=run.depth,
        )
        plan.lay(task)
        if run.made_from is not None:
            disputes.hand_on(run, task)
        disputes.keep_again(task)
        go_on_after(begin_beside(task), plan, words)
        transaction.on_commit(partial(queue_steps, task.pk), robust=True)
    return task


def the_steps(run: Task) -> list[Step]:
    return list(Step.objects.filter(task=run).prefetch_related("needs").order_by("id"))


def words_to_keep(run: Task) -> str:
    """What the earlier steps said stands in the answer. Raises Conflict when that was taken back."""
    reply = Message.objects.filter(task=run).first()
    if reply is not None and reply.is_recalled:
        raise Conflict("The answer was taken back, and what its steps did with it.")
    return reply.body if reply else ""


def go_on_after(message: Message, plan: Again, words: str) -> None:
    """The new answer begins with what the steps that are not done again have said."""
    kept = words[: plan.said]
    if kept:
        Message.objects.filter(pk=message.pk).update(body=kept)
        message.body = kept
