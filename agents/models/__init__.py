from .agent import Agent, Seat
from .approval import Approval
from .breaker import Breaker
from .conduct import Conduct, Coordination, conduct_of
from .mcp import McpServer
from .note import RoomNote
from .prompt import Prompt
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = [
    "Agent",
    "Approval",
    "Breaker",
    "Conduct",
    "Coordination",
    "McpServer",
    "Prompt",
    "Reason",
    "RoomNote",
    "Seat",
    "Status",
    "Step",
    "Task",
    "Usage",
    "Wake",
    "conduct_of",
]
