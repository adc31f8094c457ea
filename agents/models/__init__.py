from .agent import Agent, Seat
from .branch import Branch
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .feedback import Feedback, FeedbackReason, Thumb
from .prompt import Prompt
from .step import Step
from .tape import Tape
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Agent",
    "Branch",
    "Breaker",
    "Conduct",
    "Coordination",
    "Feedback",
    "FeedbackReason",
    "Prompt",
    "Reason",
    "Seat",
    "Status",
    "Step",
    "Tape",
    "Task",
    "Thumb",
    "Usage",
    "Wake",
    "conduct_of",
]
