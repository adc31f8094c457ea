from __future__ import annotations

import pytest

from agents.models import Agent, Seat, Task
from agents.tools import available_tools
from rooms.models import Message


@pytest.fixture
def armed(seat: Seat) -> Seat:
    """echo with every tool of the house."""
    Agent.objects.filter(pk=seat.agent_id).update(tools=list(available_tools()), max_prompt_tokens=20_000)
    seat.agent.refresh_from_db()
    return seat


def results_of(question: Message) -> list[dict[str, object]]:
    """What tools answered in the run that a question led to, in the order of their calls."""
    steps = Task.objects.get(trigger_message=question).steps.filter(kind="tool").order_by("started_at")
    return [{"tool": step.tool, **step.output, "read": list(step.read)} for step in steps]
