from .agent import Agent, Seat
from .approval import Approval
from .branch import Branch
from .breaker import Breaker
from .chain import Bound, Chain, Wait
from .conduct import Conduct, Coordination, conduct_of
from .feedback import Feedback, FeedbackReason, Thumb
from .mcp import McpServer
from .money import Account, Alarm, Delivery, Hold
from .note import RoomNote
from .prompt import Prompt
from .route import Deployment, Health, Route
from .step import Step
from .tape import Tape
from .task import Reason, Status, Task, Wake
from .together import Dispute, Stance, Wish
from .usage import HOUSE_PAYS, Purpose, Usage
from .version import AgentVersion

__all__ = [
    "HOUSE_PAYS",
    "Account",
    "Agent",
    "AgentVersion",
    "Alarm",
    "Approval",
    "Bound",
    "Branch",
    "Breaker",
    "Chain",
    "Conduct",
    "Coordination",
    "Delivery",
    "Deployment",
    "Dispute",
    "Feedback",
    "FeedbackReason",
    "Health",
    "Hold",
    "McpServer",
    "Prompt",
    "Purpose",
    "Reason",
    "RoomNote",
    "Route",
    "Seat",
    "Stance",
    "Status",
    "Step",
    "Tape",
    "Task",
    "Thumb",
    "Usage",
    "Wait",
    "Wake",
    "Wish",
    "conduct_of",
]
