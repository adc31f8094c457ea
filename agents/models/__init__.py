from .agent import Agent, Seat
from .breaker import Breaker
from .prompt import Prompt
from .step import Step
from .task import Reason, Status, Task, Wake
from .usage import Usage

__all__ = ["Agent", "Breaker", "Prompt", "Reason", "Seat", "Status", "Step", "Task", "Usage", "Wake"]
