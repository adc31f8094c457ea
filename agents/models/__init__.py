from .agent import Agent, Seat
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .prompt import Prompt
from .step import Step
from .task import Reason, Status, Task, Wake
from .together import Dispute, Stance, Wish
from .usage import Usage

__all__ = [
    "Agent",
    "Breaker",
    "Conduct",
    "Coordination",
    "Dispute",
    "Prompt",
    "Reason",
    "Seat",
    "Stance",
    "Status",
    "Step",
    "Task",
    "Usage",
    "Wake",
    "Wish",
    "conduct_of",
]
