"""What a person's approval is bound to, and how the room hears of it. `tools.holding` asks, `services` decides.

An approval is for one tool with these very arguments, used by this agent before these readers. All of it goes into one
SHA-256, which is made again of what will really be run: any difference asks anew.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.functions import Now

from rooms.events import record
from rooms.models import Membership, User

from .models import Approval, Status, Task

if TYPE_CHECKING:
    from .tools.registry import Tool

APPROVE = "rooms.moderate_message"
"""What a room's moderators may do and its members may not."""


def binding(tool: Tool, arguments: Mapping[str, Any], task: Task) -> str:
    """The name of this use of a tool. The arguments are as the function will get them, with their defaults."""
    return sha256_of(
        {
            "tool": tool.name,
            "arguments": dict(arguments),
            "schema": sha256_of([tool.effect, tool.permission, tool.description, tool.parameters.schema]),
            "agent": task.agent_id,
            "requester": task.requester_id,
            "readers": readers_of(task),
        }
    )


def sha256_of(value: Any) -> str:
    """Over canonical JSON, by Python's own: it writes whole numbers of any length."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def readers_of(task: Task) -> list[int] | str:
    """Who may read the answer now. Whoever comes into a private room is a reader more."""
    if task.audience is not None:
        return sorted(task.audience)
    if task.room.is_public:
        return "everybody"
    return sorted(Membership.objects.filter(room=task.room_id).values_list("user", flat=True))


def exactly(arguments: Any) -> str:
    """Arguments for the eyes of whoever decides: whole, with every character that could hide something spelled out."""
    text = json.dumps(arguments, indent=2, ensure_ascii=False)
    return "".join(character if is_seen(character) else escaped(character) for character in text)


def is_seen(character: str) -> bool:
    return character in " \n" or unicodedata.category(character)[0] not in "CZ"


def escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0x7E else f"\\u{ord(character):04x}"


def may_decide(user: User, task: Task) -> bool:
    """Of somebody who may read the answer: the requester, and the moderators of the room, as `APPROVERS` says."""
    if user.is_machine or not (is_theirs(user, task) or "moderators" in settings.APPROVERS):
        return False
    return user.has_perm(needed_to_approve(user, task), task.room)


def needed_to_approve(user: User, task: Task) -> str:
    """The permission by which they decide, which a token of theirs has to include."""
    return "rooms.ask_agent" if is_theirs(user, task) else APPROVE


def is_theirs(user: User, task: Task) -> bool:
    return "requester" in settings.APPROVERS and user.pk == task.requester_id


def close(task: Task) -> None:
    """Of steps that are over, what nobody has decided by now expires. Wants to be last in its transaction."""
    open = Approval.objects.filter(step__task=task, state=Approval.State.WAITING).select_related("step__agent__user")
    for approval in list(open.exclude(step__status=Status.WAITING)):
        if end(approval, Approval.State.EXPIRED):
            tell(approval, task)


def end(approval: Approval, state: Approval.State, by: User | None = None) -> bool:
    """Of all who decide at once, one: False for the others, and when it is too late."""
    open = Approval.objects.filter(pk=approval.pk, state=Approval.State.WAITING)
    if state != Approval.State.EXPIRED:
        open = open.filter(expires_at__gt=Now())
    if not open.update(state=state, decided_by=by, decided_at=Now()):
        return False
    approval.state, approval.decided_by = state, by
    return True


EVENTS = {
    Approval.State.WAITING: "approval.asked",
    Approval.State.APPROVED: "approval.approved",
    Approval.State.DENIED: "approval.denied",
    Approval.State.EXPIRED: "approval.expired",
}


def tell(approval: Approval, task: Task) -> None:
    """An event for those who may read the answer. What the tool would be called with is not in it."""
    reply, by = task.reply, approval.decided_by
    agent = approval.step.agent or task.agent
    data = {
        "approval": str(approval.pk),
        "run": str(task.pk),
        "message": str(reply.pk) if reply else None,
        "agent": agent.user.username,
        "tool": approval.step.tool,
        "by": by.username if by else None,
    }
    record(
        task.room,
        EVENTS[Approval.State(approval.state)],
        actor=by or agent.user,
        data=data,
        visible_to=task.audience,
    )
