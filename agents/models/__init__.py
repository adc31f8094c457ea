from .agent import Agent, Seat
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .prompt import Prompt
from .route import Deployment, Health, Route
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Agent",
    "Breaker",
    "Conduct",
    "Coordination",
    "Deployment",
    "Health",
    "Prompt",
    "Reason",
    "Route",
    "Seat",
    "Status",
    "Step",
    "Task",
    "Usage",
    "Wake",
    "conduct_of",
]
