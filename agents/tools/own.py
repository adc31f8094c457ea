"""The tool that cannot be undone: it takes words back, those of whoever asks and nobody else's."""

from __future__ import annotations

from typing import Annotated

from rooms import background
from rooms.errors import RoomsError
from rooms.models import Message, User
from rooms.services.messages import withdraw_message

from .context import ToolContext, ToolError
from .registry import register_tool

MOST = 20


@register_tool(effect="irreversible", permission="rooms.post_message", guests=False, per_minute=5)
async def withdraw_messages(
    context: ToolContext, numbers: Annotated[list[int], "Numbers of messages of whoever asks you, at most 20"]
) -> dict[str, list[int]]:
    """Take messages of whoever asks back, for good. They are asked to approve it first."""
    if not numbers or len(numbers) > MOST:
        raise ToolError(f"Name 1 to {MOST} messages.")
    return await background.in_thread(withdrawn, context, numbers)


def withdrawn(context: ToolContext, numbers: list[int]) -> dict[str, list[int]]:
    """Only what every reader of the answer may read, so that nobody learns here of a whisper."""
    user = User.objects.get(username=context.requester)
    mine = context.messages().filter(author=user, seq__in=[number for number in numbers if 0 < number < 2**62])
    found = {message.seq: message for message in mine.order_by("seq")}
    others = sorted(set(numbers) - found.keys())
    if others:
        raise ToolError(f"Not messages of {user.username} that you can see: {', '.join(map(str, others))}.")
    return {"withdrawn": [number for number, message in found.items() if is_withdrawn(message, user)]}


def is_withdrawn(message: Message, user: User) -> bool:
    try:
        withdraw_message(message=message, by=user)
    except RoomsError:
        return False  # somebody took it away in this moment
    return True
