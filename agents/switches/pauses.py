"""Whether agents may begin something: a room's kill switch, and the feature flags."""

from __future__ import annotations

from ..models import Conduct, Reason, Task
from ..outcomes import Outcome
from .flags import may_answer


def pause_of(task: Task, *, is_paused: bool = True) -> Outcome | None:
    """What ends a run before it begins, in words that say by whom and why. One query, and none for who knows already
    that the room's agents are not paused."""
    if is_paused:
        paused = Conduct.objects.filter(room=task.room_id, paused_at__isnull=False).select_related("paused_by").first()
        if paused is not None:
            return Outcome(Reason.PAUSED, notice=sentence_of(paused))
    if not may_answer(task.agent.user.username, task.requester):
        return Outcome(Reason.PAUSED)
    return None


def sentence_of(conduct: Conduct) -> str:
    by = f" by @{conduct.paused_by.username}" if conduct.paused_by else ""
    return f"Agents are paused here{by}{f': {conduct.pause_reason}' if conduct.pause_reason else '.'}"[:280]
