from .agent import Agent, Seat
from .approval import Approval
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .mcp import McpServer
from .money import Account, Alarm, Hold
from .note import RoomNote
from .prompt import Prompt
from .route import Deployment, Health, Route
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Account",
    "Agent",
    "Alarm",
    "Approval",
    "Breaker",
    "Conduct",
    "Coordination",
    "Deployment",
    "Health",
    "Hold",
    "McpServer",
    "Prompt",
    "Reason",
    "RoomNote",
    "Route",
    "Seat",
    "Status",
    "Step",
    "Task",
    "Usage",
    "Wake",
    "conduct_of",
]
