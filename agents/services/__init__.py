"""The verbs of agents. Doors have asked for the right before they call."""

from .pausing import pause_agents, resume_agents
from .registry import change_agent, create_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent

__all__ = [
    "cancel_run",
    "change_agent",
    "change_seat",
    "create_agent",
    "pause_agents",
    "resume_agents",
    "retry_run",
    "seat_agent",
    "unseat_agent",
]
