from .agent import Agent, Seat
from .breaker import Breaker
from .chain import Bound, Chain
from .conduct import Conduct, Coordination, conduct_of
from .prompt import Prompt
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Agent",
    "Bound",
    "Breaker",
    "Chain",
    "Conduct",
    "Coordination",
    "Prompt",
    "Reason",
    "Seat",
    "Status",
    "Step",
    "Task",
    "Usage",
    "Wake",
    "conduct_of",
]
