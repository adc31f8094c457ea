from .agent import Agent, Seat
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .prompt import Prompt
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage
from .version import AgentVersion
from .wish import Wish

__all__ = [
    "Agent",
    "AgentVersion",
    "Breaker",
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
    "Wish",
    "conduct_of",
]
