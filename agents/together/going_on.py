"""What comes next when a step of several agents' work has ended: the next round, another plan, a review, a decision,
and at last the step in which one speaks for all. Decided under the task's lock: two who end at once lay it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db.models.functions import Now

from ..laying import tell_of
from ..models import Agent, Coordination, Reason, Status, Step, Task
from ..models.task import LIVE
from ..outcomes import Outcome
from . import disputes, planning
from .forgetting import forget_late
from .planning import Subtask
from .work import TOGETHER, UNDONE, Kind, Work, agent_of, connect, name_of

GOES_ON = Outcome(Reason.ANSWERED)
ENDS_ALL = frozenset({Reason.CANCELLED, Reason.RECALLED, Reason.DEPARTED, Reason.PAUSED})
"""Why not one contribution but the whole run ends."""
NO_MEANS = frozenset({Reason.ENERGY, Reason.BUDGET, Reason.QUOTA, Reason.LIMITED})
"""Whoever was refused for these: nobody else is asked, and what there is, is brought to an end."""
PLANS = 2
"""How often a lead may be asked for a plan that can be read, and how often a plan may be made in all."""
BAD = 2
"""A review's score at which the work goes back, once."""


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
    if nothing and (ended.kind != Kind.PLAN or out_of_means(work)) and not may_replan(work, ended):
        return Outcome(outcome.reason, notice=outcome.sentence or "None of the agents could contribute.")
    if lay_out_plan(work, ended) or replan(work, ended) or work.under_way:
        return GOES_ON
    next(stage for stage in STAGES if stage(work, ended))
    return GOES_ON


Stage = Callable[[Work, Step], bool]
"""Lays out what comes next; False when this has nothing to lay out."""


def lay(work: Work, steps: Iterable[Step], after: Sequence[Step] = ()) -> bool:
    made = Step.objects.bulk_create(steps)
    connect(dict.fromkeys(made, after or work.ends))
    return bool(made)


# --- hierarchical: a plan, made once more when a part of it fails


def replan(work: Work, ended: Step) -> bool:
    """A sub-task failed: what still waits is put off, and the lead plans what is left. Once."""
    if not may_replan(work, ended):
        return False
    put_off(work)
    settled = [one for one in work.consults if one.status in (Status.DONE, *UNDONE)]
    return lay_plan_step(work, plans_of(work)[-1], settled)


def may_replan(work: Work, ended: Step) -> bool:
    failed = ended.kind == Kind.CONSULT and ended.status in UNDONE and "redo" not in ended.input
    return failed and 0 < len(plans_of(work)) < PLANS and not out_of_means(work)


def plans_of(work: Work) -> list[Step]:
    return [one for one in work.those(Kind.PLAN) if one.output.get("subtasks")]


def put_off(work: Work) -> None:
    waiting = [one for one in work.consults if one.status == Status.WAITING]
    Step.objects.filter(pk__in=[one.pk for one in waiting]).update(status=Status.CANCELLED, ended_at=Now())


def lay_plan_step(work: Work, like: Step, after: Sequence[Step], **facts: Any) -> bool:
    input = {**like.input, "number": like.input.get("number", 0) + 1, "wrong": "", **facts}
    return lay(work, [Step(task=work.task, kind=Kind.PLAN, agent=like.agent, title=like.title, input=input)], after)


def lay_out_plan(work: Work, ended: Step) -> bool:
    """The sub-tasks of a plan that was made just now; of one that could not be read the lead is asked again, once."""
    if ended.kind != Kind.PLAN:
        return False
    agents = team_of(ended)
    if subtasks := ended.output.get("subtasks"):
        plan = [Subtask(one["agent"], one["title"], one["instruction"], tuple(one["needs"])) for one in subtasks]
        return carry_out(work, plan, agents, ended)
    if len(work.those(Kind.PLAN)) < PLANS and not out_of_means(work):
        return lay_plan_step(work, ended, [ended], wrong=ended.output.get("wrong", ""))
    if work.contributions:
        return False
    return carry_out(work, [Subtask(name, "Answer the question", "") for name in agents], agents, ended)


def carry_out(work: Work, plan: Sequence[Subtask], agents: Mapping[str, Agent], made: Step) -> bool:
    """Where the room wants to see plans first, its steps wait for people."""
    held = bool(made.input.get("approve"))
    planning.lay(work.task, plan, agents, [made], held=held, **common(made))
    if held:
        tell_of(work.task, "plan.proposed")
    return True


def team_of(plan: Step) -> dict[str, Agent]:
    names = [one["name"] for one in plan.input.get("team", [])]
    found = Agent.objects.filter(user__username__in=names).select_related("user")
    return {agent.user.username: agent for agent in sorted(found, key=lambda one: names.index(one.user.username))}


# --- collaborative: another round until they agree, or may not go on


def another_round(work: Work, ended: Step) -> bool:
    if work.task.pattern != Coordination.COLLABORATIVE or work.those(Kind.REVIEW) or why_enough(work):
        return False
    now = this_round(work)
    again = [
        Step(
            task=work.task,
            kind=Kind.CONSULT,
            agent=agent_of(one),
            title=one.title,
            input={**one.input, "round": one.input["round"] + 1},
        )
        for one in now
        if one.status == Status.DONE
    ]
    return lay(work, again)


def why_enough(work: Work) -> str:
    """Why there is no further round; nothing when there is."""
    now = this_round(work)
    number = now[0].input["round"] if now else 0
    if out_of_means(work):
        return "means"
    if number > 1 and agreed(now):
        return "consensus"
    if number >= (now[0].input.get("rounds", 1) if now else 0):
        return "rounds"
    return "" if sum(one.status == Status.DONE for one in now) > 1 else "one left"


def this_round(work: Work) -> list[Step]:
    talk = [one for one in work.consults if "round" in one.input and "redo" not in one.input]
    last = max((one.input["round"] for one in talk), default=0)
    return [one for one in talk if one.input["round"] == last]


def agreed(steps: Sequence[Step]) -> bool:
    """Everybody who spoke agreed, and nobody disagreed. Who took no stance has not agreed."""
    stances = [{act["act"] for act in one.output.get("acts", [])} for one in steps if one.status == Status.DONE]
    return bool(stances) and all("agree" in each and "disagree" not in each for each in stances)


def out_of_means(work: Work) -> bool:
    return any(one.output.get("reason") in NO_MEANS for one in work.steps)


# --- the end of all patterns: judge, do again, decide, speak


def review(work: Work, ended: Step) -> bool:
    """The lead judges what the others said last, where that is wished for."""
    if work.those(Kind.REVIEW) or out_of_means(work) or not any(one.input.get("reviewed") for one in work.steps):
        return False
    others = [one for one in work.latest if one.agent_id != work.task.agent_id]
    made = [
        Step(
            task=work.task,
            kind=Kind.REVIEW,
            agent=work.task.agent,
            title=f"Of {name_of(one)}",
            input={"of": str(one.pk), "number": number},
        )
        for number, one in enumerate(others)
    ]
    return lay(work, made)


def send_back(work: Work, ended: Step) -> bool:
    """Work that was judged badly is done again, once, whatever is thought of it then."""
    if ended.kind != Kind.REVIEW or out_of_means(work):
        return False
    bad = {one.input["of"] for one in work.those(Kind.REVIEW) if one.output.get("score", BAD + 1) <= BAD}
    again = [
        Step(
            task=work.task,
            kind=Kind.CONSULT,
            agent=one.agent,
            title=one.title,
            input={**one.input, "redo": str(one.pk)},
        )
        for one in work.consults
        if str(one.pk) in bad
    ]
    return lay(work, again)


def resolve(work: Work, ended: Step) -> bool:
    """Who speaks decides what was disputed, before speaking, and so that it can be seen."""
    if work.those(Kind.RESOLVE) or out_of_means(work):
        return False
    found = disputes.found_in(work)
    if not found:
        return False
    disputes.keep(work.task, found)
    return lay(work, [Step(task=work.task, kind=Kind.RESOLVE, agent=work.task.agent, input={"disputes": found})])


def speak(work: Work, ended: Step) -> bool:
    ended_by = why_enough(work) if work.task.pattern == Coordination.COLLABORATIVE else ""
    return lay(work, [Step(task=work.task, kind=Kind.COMPLETE, input={"ended_by": ended_by} if ended_by else {})])


STAGES: tuple[Stage, ...] = (another_round, send_back, review, resolve, speak)


def common(step: Step) -> dict[str, Any]:
    """What every step of a run carries on."""
    return {"reviewed": True} if step.input.get("reviewed") else {}
