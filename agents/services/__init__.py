"""The verbs of agents. Doors have asked for the right before they call."""

from .approvals import decide_approval
from .notes import change_note, delete_note, write_note
from .registry import change_agent, create_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent

__all__ = [
    "cancel_run",
    "change_agent",
    "change_note",
    "change_seat",
    "create_agent",
    "decide_approval",
    "delete_note",
    "retry_run",
    "seat_agent",
    "unseat_agent",
    "write_note",
]
