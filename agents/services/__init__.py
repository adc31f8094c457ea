"""The verbs of agents. Doors have asked for the right before they call."""

from .asking import ask
from .conduct import change_conduct
from .disputes import flip_dispute
from .plans import decide_plan
from .registry import change_agent, create_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent
from .speaking import speak_again

__all__ = [
    "ask",
    "cancel_run",
    "change_agent",
    "change_conduct",
    "change_seat",
    "create_agent",
    "decide_plan",
    "flip_dispute",
    "retry_run",
    "seat_agent",
    "speak_again",
    "unseat_agent",
]
