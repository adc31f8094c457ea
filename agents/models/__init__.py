from .agent import Agent, Seat
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .money import Account, Alarm, Hold
from .prompt import Prompt
from .route import Deployment, Health, Route
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Account",
    "Agent",
    "Alarm",
    "Breaker",
    "Conduct",
    "Coordination",
    "Deployment",
    "Health",
    "Hold",
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
