"""The verbs of agents. Doors have asked for the right before they call."""

from .alternatives import branch, regenerate
from .approvals import decide_approval
from .feedback import give_feedback, take_back_feedback
from .registry import change_agent, create_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent
from .steps import cancel_step, retry_step

__all__ = [
    "branch",
    "cancel_run",
    "cancel_step",
    "change_agent",
    "change_seat",
    "create_agent",
    "decide_approval",
    "give_feedback",
    "regenerate",
    "retry_run",
    "retry_step",
    "seat_agent",
    "take_back_feedback",
    "unseat_agent",
]
