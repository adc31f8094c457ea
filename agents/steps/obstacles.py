"""What every step looks at before it begins."""

from __future__ import annotations

from dataclasses import replace

from rooms.models import Membership, Message

from ..models import Reason, Task
from ..outcomes import Outcome
from ..pauses import pause_of
from ..tools.authority import may_ask


def obstacle(task: Task) -> Outcome | None:
    """What happened between the question and now. Words that were said already stay."""
    question = task.trigger_message
    said = task.reply.body if task.reply else ""
    if question is None or question.is_recalled or question.state == Message.State.HELD:
        return Outcome(Reason.RECALLED, said)
    if task.seat_id is None or not task.agent.enabled or task.room.deleted_at is not None:
        return Outcome(Reason.UNSEATED, said)
    if not may_ask(task):
        return Outcome(Reason.DEPARTED, said)
    paused = pause_of(task)
    return replace(paused, text=said) if paused else None


def is_member(task: Task) -> bool:
    """Whoever asks by a grant of their own, or as a superuser, is not sent off for being no member."""
    return Membership.objects.filter(room=task.room_id, user=task.requester_id).exists()
