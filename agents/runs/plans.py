"""How a task is laid out in steps. Plans are functions `(task) -> first steps`; the only one so far is one answer."""

from __future__ import annotations

from collections.abc import Sequence

from ..llm.port import ToolCall
from ..models import Step, Task


def reply(task: Task) -> list[Step]:
    """One model call, needing nothing before it."""
    return [Step.objects.create(task=task, kind=Step.Kind.COMPLETE)]


def use_tools(step: Step, calls: Sequence[ToolCall]) -> Step:
    """One step for each call, at once, and one that needs them all and goes on with what the step was to do: whatever
    has needed that step needs this one now. Wants to be in the transaction that ends the step."""
    tools = [
        Step(task=step.task, kind=Step.Kind.TOOL, agent=step.agent, tool=call.name, input=input_of(call, number))
        for number, call in enumerate(calls)
    ]
    Step.objects.bulk_create(tools)
    further = Step.objects.create(task=step.task, kind=step.kind, agent=step.agent, title=step.title, input=step.input)
    Step.needs.through.objects.filter(to_step=step).update(to_step=further)
    for tool in tools:
        tool.needs.add(step)
    further.needs.add(*tools)
    return further


def input_of(call: ToolCall, number: int) -> dict[str, object]:
    """`arguments` is the text the model wrote, which need not be JSON."""
    return {"call": call.id, "number": number, "arguments": call.arguments}
