from __future__ import annotations

from agents.models import Task
from rooms.models import Message


def results_of(question: Message) -> list[dict[str, object]]:
    """What tools answered in the run that a question led to, in the order of their calls."""
    steps = Task.objects.get(trigger_message=question).steps.filter(kind="tool").order_by("started_at")
    return [{"tool": step.tool, **step.output, "read": list(step.read)} for step in steps]
