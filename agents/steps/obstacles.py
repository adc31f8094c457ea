"""What every step looks at before it begins."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rooms import prepared
from rooms.models import Message

from ..models import Reason, Task
from ..outcomes import Outcome
from ..pauses import pause_of
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
    if not may_ask(task):
        return Outcome(Reason.DEPARTED, said)
    paused = pause_of(task, is_paused=standing.is_paused)
    return replace(paused, text=said) if paused else None


@dataclass(frozen=True, slots=True)
class Standing:
    """`by_membership`: who asks by a grant of their own, or as a superuser, is not sent off for being no member.
    `whole_review`: the room wants every answer to be looked at as a whole before it sees any of it. `is_paused`: its
    agents are switched off."""

    by_membership: bool
    whole_review: bool
    is_paused: bool


STANDING = """
    SELECT EXISTS (SELECT 1 FROM rooms_membership WHERE room_id = %(room)s AND user_id = %(requester)s),
           coalesce(c.whole_review, false), c.paused_at IS NOT NULL
      FROM (SELECT 1) one LEFT JOIN agents_conduct c ON c.room_id = %(room)s
"""


def standing_of(task: Task) -> Standing:
    return Standing(*prepared.fetch(STANDING, {"room": task.room_id, "requester": task.requester_id})[0])
