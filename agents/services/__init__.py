"""The verbs of agents. Doors have asked for the right before they call."""

from .alternatives import branch, regenerate
from .approvals import decide_approval
from .asking import ask
from .conduct import change_conduct
from .disputes import flip_dispute
from .feedback import give_feedback, take_back_feedback
from .notes import change_note, delete_note, put_note, write_note
from .pausing import pause_agents, resume_agents
from .plans import decide_plan
from .registry import change_agent, copy_agent, create_agent, restore_version, retire_agent, share_agent
from .runs import cancel_run, retry_run
from .seats import change_seat, seat_agent, unseat_agent
from .speaking import speak_again
from .steps import cancel_step, retry_step

__all__ = [
    "ask",
    "branch",
    "cancel_run",
    "cancel_step",
    "change_agent",
    "change_conduct",
    "change_note",
    "change_seat",
    "copy_agent",
    "create_agent",
    "decide_approval",
    "decide_plan",
    "delete_note",
    "flip_dispute",
    "give_feedback",
    "pause_agents",
    "put_note",
    "regenerate",
    "restore_version",
    "resume_agents",
    "retire_agent",
    "retry_run",
    "retry_step",
    "seat_agent",
    "share_agent",
    "speak_again",
    "take_back_feedback",
    "unseat_agent",
    "write_note",
]
