"""A lead's plan on its way: laid out as steps, asked for again where it cannot be read, and made once more when a part
of it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models.functions import Now

from ..models import Agent, Seat, Status, Step
from ..runs.laying import tell_of
from ..runs.status import PLAN, Doing, tell_status
from . import planning
from .planning import Subtask
from .work import UNDONE, Kind, Work, lay

PLANS = 2
"""How often a lead may be asked for a plan that can be read; one that was made is made once more at most."""


def replan(work: Work, ended: Step) -> bool:
    """A sub-task failed: what still waits is put off, and the lead plans what is left. Once."""
    if not may_replan(work, ended):
        return False
    put_off(work)
    settled = [one for one in work.consults if one.status in (Status.DONE, *UNDONE)]
    made = plans_of(work)[-1]
    return lay_plan_step(work, made, settled, team=those_there(work, made.input.get("team", [])))


def those_there(work: Work, team: Sequence[dict[str, str]]) -> Sequence[dict[str, str]]:
    """Those of a team who sit in the room still, and are members of it; all of them if nobody is."""
    seats = Seat.objects.filter(room=work.task.room_id, agent__user__memberships__room=work.task.room_id)
    there = set(seats.filter(agent__enabled=True).values_list("agent__user__username", flat=True))
    return [one for one in team if one["name"] in there] or team


def may_replan(work: Work, ended: Step) -> bool:
    failed = ended.kind == Kind.CONSULT and ended.status in UNDONE and "redo" not in ended.input
    return failed and is_planned_once(work) and not work.is_out_of_means


def is_planned_once(work: Work) -> bool:
    """There is a plan, and the lead was not asked for one since: of parts that fail together, one asks."""
    plans = work.those(Kind.PLAN)
    return bool(plans) and plans_of(work) == plans[-1:]


def plans_of(work: Work) -> list[Step]:
    return [one for one in work.those(Kind.PLAN) if one.output.get("subtasks")]


def put_off(work: Work) -> None:
    """Those who wait for their tools are at it already."""
    waiting = [one for one in work.consults if one.status == Status.WAITING and not work.uses_tools(one)]
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
    if len(work.those(Kind.PLAN)) < PLANS and not work.is_out_of_means:
        return lay_plan_step(work, ended, [ended], wrong=ended.output.get("wrong", ""))
    if work.contributions or work.is_out_of_means:
        return False
    return carry_out(work, [Subtask(name, "Answer the question", "") for name in agents], agents, ended)


def carry_out(work: Work, plan: Sequence[Subtask], agents: Mapping[str, Agent], made: Step) -> bool:
    """Where the room wants to see plans first, its steps wait for people."""
    held = bool(made.input.get("approve"))
    planning.lay(work.task, plan, agents, [made], held=held, **common(made))
    if held:
        tell_of(work.task, "plan.proposed")
        tell_status(work.task, Doing.WAITING_FOR_APPROVAL, PLAN)
    return True


def team_of(plan: Step) -> dict[str, Agent]:
    names = [one["name"] for one in plan.input.get("team", [])]
    found = Agent.objects.filter(user__username__in=names).select_related("user")
    return {agent.user.username: agent for agent in sorted(found, key=lambda one: names.index(one.user.username))}


def common(step: Step) -> dict[str, Any]:
    """What every step of a run carries on."""
    return {"reviewed": True} if step.input.get("reviewed") else {}
