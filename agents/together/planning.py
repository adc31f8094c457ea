"""A lead's plan: read, checked, and laid out as steps. Whatever is wrong with it is said as a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..models import Agent, Step, Task
from . import acts
from .work import connect

MOST = 8
TITLE = 280


class BadPlan(ValueError):
    """Why this is no plan, for the lead or for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Subtask:
    """`needs` are numbers of others, the first being 1."""

    agent: str
    title: str
    instruction: str
    needs: tuple[int, ...] = ()

    def as_facts(self) -> dict[str, Any]:
        return {"agent": self.agent, "title": self.title, "instruction": self.instruction, "needs": list(self.needs)}


def plan_in(text: str, agents: Collection[str]) -> list[Subtask]:
    """The plan a model wrote, fenced or not. Raises BadPlan."""
    written = acts.object_of(acts.json_of(text)).get("subtasks")
    if not isinstance(written, list):
        raise BadPlan('There was no JSON object with "subtasks".')
    return checked(written, agents)


def checked(written: Sequence[Any], agents: Collection[str]) -> list[Subtask]:
    """Of a model or of a person. Raises BadPlan: unknown agents, nothing to do, cycles, more than eight."""
    if not 1 <= len(written) <= MOST:
        raise BadPlan(f"A plan has 1 to {MOST} sub-tasks; these are {len(written)}.")
    plan = [subtask(one, number, agents) for number, one in enumerate(written, 1)]
    numbers = range(1, len(plan) + 1)
    for number, one in enumerate(plan, 1):
        if strange := [need for need in one.needs if need not in numbers]:
            raise BadPlan(f"Sub-task {number} needs {strange[0]}, which there is not.")
    in_order(plan)
    return plan


def subtask(written: Any, number: int, agents: Collection[str]) -> Subtask:
    if not isinstance(written, Mapping):
        raise BadPlan(f"Sub-task {number} is no object.")
    agent = acts.name_of(written.get("agent"))
    if agent not in agents:
        raise BadPlan(f"Sub-task {number} is for «{agent}», who is not one of {', '.join(sorted(agents))}.")
    title = acts.words_of(written.get("title"), required=False)[:TITLE]
    instruction = acts.words_of(written.get("instruction"), required=False)
    if not (title or instruction):
        raise BadPlan(f"Sub-task {number} says nothing of what is to be done.")
    needs = written.get("needs", [])
    if not isinstance(needs, list) or not all(isinstance(need, int) for need in needs):
        raise BadPlan(f'"needs" of sub-task {number} are numbers of others.')
    return Subtask(agent, title or instruction[:TITLE], instruction, tuple(dict.fromkeys(needs)))


def in_order(plan: Sequence[Subtask]) -> list[int]:
    """Numbers in an order in which each comes after what it needs. Raises BadPlan for a circle."""
    done: list[int] = []
    waiting = dict(enumerate(plan, 1))
    while waiting:
        ready = [number for number, one in waiting.items() if set(one.needs) <= set(done)]
        if not ready:
            raise BadPlan(f"Sub-tasks {', '.join(map(str, waiting))} wait for each other in a circle.")
        done.extend(ready)
        for number in ready:
            del waiting[number]
    return done


def lay(task: Task, plan: Sequence[Subtask], agents: Mapping[str, Agent], after: Sequence[Step], **facts: Any) -> None:
    """One step for each sub-task, which needs those it names, and all of them `after`."""
    held = facts.pop("held", False)
    first = 1 + Step.objects.filter(task=task, kind=Step.Kind.CONSULT).count()
    steps = [
        Step(
            task=task,
            kind=Step.Kind.CONSULT,
            agent=agents[one.agent],
            title=one.title,
            held=held,
            input={"number": first + place, "instruction": one.instruction, **facts},
        )
        for place, one in enumerate(plan)
    ]
    Step.objects.bulk_create(steps)
    connect({step: [*after, *(steps[need - 1] for need in one.needs)] for step, one in zip(steps, plan, strict=True)})
