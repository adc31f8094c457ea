"""People look at a lead's plan before it is carried out: they approve it, change it, or refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from rooms.errors import Conflict, Invalid
from rooms.models import User

from ..models import Reason, Step, Task
from ..outcomes import Outcome
from ..runs.endings import end_task
from ..runs.laying import tell_of
from ..together.expiring import held_steps
from ..together.planned import common, team_of
from ..together.planning import BadPlan, Subtask, checked
from ..together.planning import lay as lay_plan
from ..together.work import Kind
from .runs import lock_steps, queue_steps

APPROVE, EDIT, REFUSE = "approve", "edit", "refuse"


def decide_plan(*, run: Task, by: User, decision: str, steps: Sequence[Any] | None = None) -> Task:
    """Let the steps of a held plan go, in this form or another, or end the run. Raises Conflict when none is held."""
    with transaction.atomic():
        lock_steps(run)
        held = list(held_steps().filter(task=run).prefetch_related("needs"))
        if not held:
            raise Conflict("There is no plan to decide about, or somebody has decided.")
        task = Task.objects.select_related("room", "agent__user", "reply__room", "trigger_message").get(pk=run.pk)
        match decision:
            case "approve":
                held_steps().filter(task=run).update(held=False, queued_at=Now())
            case "edit":
                lay_anew(task, held, steps)
            case _:
                end_task(task, Outcome(Reason.DENIED, notice=f"@{by.username} did not approve the plan."))
        tell_of(task, "plan.decided", decision=decision, by=by.username)
        if decision != REFUSE:
            transaction.on_commit(partial(queue_steps, run.pk), robust=True)
    return task


def lay_anew(task: Task, held: list[Step], steps: Sequence[Any] | None) -> None:
    """Instead of the steps that were planned, those that a person wants. Raises Invalid with what is wrong."""
    plan = next(need for step in held for need in step.needs.all() if need.kind == Kind.PLAN)
    agents = team_of(plan)
    try:
        wanted = checked(list(steps or []), agents)
    except BadPlan as bad:
        raise Invalid(fields={"steps": [str(bad)]}) from None
    held_steps().filter(task=task).delete()
    lay_plan(task, wanted, agents, [plan], **common(plan))


def plan_held(run: Task) -> list[Subtask]:
    """What waits for people, as they may change it; nothing when nothing does."""
    steps = sorted(
        held_steps().filter(task=run).select_related("agent__user").prefetch_related("needs"),
        key=lambda step: step.input.get("number", 0),
    )
    numbers = {step.pk: number for number, step in enumerate(steps, 1)}
    return [
        Subtask(
            step.agent.user.username if step.agent else "",
            step.title,
            str(step.input.get("instruction", "")),
            tuple(sorted(numbers[need.pk] for need in step.needs.all() if need.pk in numbers)),
        )
        for step in steps
    ]
