"""What a run that has ended leaves to be done, once that is committed."""

from __future__ import annotations

from ..models import Task
from ..outcomes import Outcome
from . import line
from .status import tell_end


def afterwards(task: Task, outcome: Outcome) -> None:
    if task.queued_at is None:  # of one that only waited, the agent is busy with another
        tell_end(task, outcome.reason)
    line.next_up(task.seat_id)
