"""What a run that has ended leaves to be done, once that is committed."""

from __future__ import annotations

from . import line
from .models import Task
from .outcomes import Outcome


def afterwards(task: Task, outcome: Outcome) -> None:
    line.next_up(task.seat_id)
