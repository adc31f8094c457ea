"""What the end of a step means for the work of several agents: how its run goes on, or that it ends. Decided under the
task's lock, so that of two that end at once one lays out what comes next.
"""

from __future__ import annotations

from ..models import Reason, Step, Task
from ..models.task import LIVE
from ..outcomes import Outcome
from . import disputes
from .forgetting import forget_late
from .planned import lay_out_plan, may_replan, replan
from .stages import STAGES
from .work import TOGETHER, Kind, Work

GOES_ON = Outcome(Reason.ANSWERED)
ENDS_ALL = frozenset({Reason.CANCELLED, Reason.RECALLED, Reason.DEPARTED, Reason.PAUSED})
"""Why not one contribution but the whole run ends."""


def go_on(step: Step, outcome: Outcome) -> Outcome:
    """What the end of this step means for its run: `GOES_ON`, or how the run ends. Wants the step's transaction."""
    if step.kind not in TOGETHER:
        return outcome
    task = Task.objects.select_for_update(no_key=True, of=("self",)).filter(pk=step.task_id, status__in=LIVE).first()
    if task is None:
        forget_late(step)
        return outcome
    if outcome.reason in ENDS_ALL:
        return outcome
    task.agent = step.task.agent
    work = Work.of(task)
    ended = next(one for one in work.steps if one.pk == step.pk)
    ended.task = task
    return next_of(work, ended, outcome)


def next_of(work: Work, ended: Step, outcome: Outcome) -> Outcome:
    if ended.kind == Kind.RESOLVE:
        disputes.decide(ended)
    nothing = not work.contributions and not work.under_way
    if nothing and (ended.kind != Kind.PLAN or work.is_out_of_means) and not may_replan(work, ended):
        return Outcome(outcome.reason, notice=outcome.sentence or "None of the agents could contribute.")
    if not (lay_out_plan(work, ended) or replan(work, ended) or work.under_way):
        next(stage for stage in STAGES if stage(work))
    return GOES_ON
