"""The verbs of agents. Doors have asked for the right before they call."""

from .asking import ask
from .registry import change_agent, copy_agent, create_agent, restore_version, retire_agent, share_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent

__all__ = [
    "ask",
    "cancel_run",
    "change_agent",
    "change_seat",
    "copy_agent",
    "create_agent",
    "restore_version",
    "retire_agent",
    "retry_run",
    "seat_agent",
    "share_agent",
    "unseat_agent",
]
