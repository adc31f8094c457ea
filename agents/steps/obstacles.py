"""What every step looks at before it begins."""

from __future__ import annotations

from dataclasses import replace

from rooms.models import Message

from ..models import Reason, Task
from ..outcomes import Outcome
from ..runs.claims import Standing
from ..switches.pauses import pause_of
from ..tools.authority import may_ask


def obstacle(task: Task, standing: Standing) -> Outcome | None:
    """What happened between the question and now. Words that were said already stay."""
    question = task.trigger_message
    said = task.reply.body if task.reply else ""
    is_gone = question.is_recalled or question.state == Message.State.HELD if question else task.slot is None
    if is_gone:
        return Outcome(Reason.RECALLED, said)
    if task.seat_id is None or not task.agent.enabled or task.room.deleted_at is not None:
        return Outcome(Reason.UNSEATED, said)
    if not may_ask(task, standing.role):
        return Outcome(Reason.DEPARTED, said)
    paused = pause_of(task, is_paused=standing.is_paused)
    return replace(paused, text=said) if paused else None
