"""What the end of a step means for the work of several agents: how its run goes on, or that it ends. Decided under the
task's lock, so that of two that end at once one lays out what comes next.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models.functions import Now

from ..models import Reason, Status, Step, Task
from ..models.task import LIVE
from ..outcomes import Outcome
from . import disputes
from .forgetting import forget_late
from .planned import lay_out_plan, may_replan, replan
from .stages import STAGES
from .work import Kind, Work, is_aside

GOES_ON = Outcome(Reason.ANSWERED)
ENDS_ALL = frozenset({Reason.CANCELLED, Reason.RECALLED, Reason.DEPARTED, Reason.PAUSED})
"""Why not one contribution but the whole run ends."""


def go_on(step: Step, outcome: Outcome, *, alone: bool = False) -> Outcome:
    """What the end of this step means for its run: `GOES_ON`, or how the run ends. `alone`: somebody stopped this step
    and not the run. Wants the step's transaction."""
    if not is_aside(step):
        return outcome
    task = Task.objects.select_for_update(no_key=True, of=("self",)).filter(pk=step.task_id, status__in=LIVE).first()
    if task is None:
        forget_late(step)
        return outcome
    if outcome.reason in ENDS_ALL and not alone:
        return outcome
    task.agent = step.task.agent
    ended_id = step.pk
    if step.kind == Kind.TOOL and outcome.status != Status.DONE:
        ended_id = give_up_contribution(step, outcome)
    work = Work.of(task)
    ended = next(one for one in work.steps if one.pk == ended_id)
    ended.task = task
    return next_of(work, ended, outcome)


def give_up_contribution(tool: Step, outcome: Outcome) -> UUID:
    """Without this tool nothing comes of the contribution that it was called for: it fails for the same reason, and
    what else was to be used for it is not. The id of the step that would have gone on with it."""
    further = Step.objects.get(needs=tool, kind=Kind.CONSULT)
    waiting = Step.objects.filter(needed_by=further, status=Status.WAITING)
    waiting.update(status=Status.CANCELLED, held=False, ended_at=Now())
    facts = {"failed": outcome.sentence or "A tool could not be used.", "reason": outcome.reason}
    Step.objects.filter(pk=further.pk, status=Status.WAITING).update(
        status=Status.FAILED, error=outcome.reason, output=facts, ended_at=Now()
    )
    return further.pk


def next_of(work: Work, ended: Step, outcome: Outcome) -> Outcome:
    if ended.kind == Kind.RESOLVE:
        disputes.decide(ended)
    nothing = not (work.contributions or work.under_way or work.is_out_of_turns)
    if nothing and (ended.kind != Kind.PLAN or work.is_out_of_means) and not may_replan(work, ended):
        return why_nothing(work, outcome)
    if not (lay_out_plan(work, ended) or replan(work, ended) or work.under_way):
        next(stage for stage in STAGES if stage(work))
    return GOES_ON


def go_on_without(task: Task) -> bool:
    """Steps that had not begun were stopped: lay out what comes next, if they were all that was waited for. False when
    nothing can come of it any more. Wants the steps to be locked."""
    work = Work.of(task)
    if work.under_way:
        return True
    return bool(work.contributions) and any(stage(work) for stage in STAGES)


def why_nothing(work: Work, outcome: Outcome) -> Outcome:
    """Nobody had anything to contribute: as it was with the last who failed."""
    failed = [one.output for one in work.failures if "reason" in one.output]
    if outcome.status == Status.DONE:
        last = failed[-1] if failed else {"reason": Reason.EMPTY, "failed": ""}
        outcome = Outcome(Reason(last["reason"]), notice=last["failed"])
    return Outcome(outcome.reason, notice=outcome.sentence or "None of the agents could contribute.")
