"""The text of a message while it is being written: passed on as it comes, and kept a while for those who join late.

Each piece goes out as `message.text {message, offset, text}`; offsets count code points. A client whose text is that
long appends; any other fetches the message once. Pieces are kept with their offsets, so that a lost one shows as a hole
and never as wrong text.
"""

from __future__ import annotations

from typing import Protocol, cast
from uuid import UUID

from .. import background
from .frames import passing
from .press import Piece, press
from .store import key, store


class Room(Protocol):
    slug: str


class Writing(Protocol):
    """The facts of a message being written; a `Message` whose room is loaded will do."""

    id: UUID
    room_id: int
    seq: int
    author_id: int
    visible_to: list[int] | None

    @property
    def room(self) -> Room: ...


async def send_text(message: Writing, offset: int, text: str) -> None:
    """Show one more piece to all who may read the message. Never raises: what is lost is in the finished message."""
    frame = passing(
        "message.text",
        room_id=message.room_id,
        slug=message.room.slug,
        data={"message": str(message.id), "offset": offset, "text": text},
        after=message.seq,
        author_id=message.author_id,
        state="writing",
        visible_to=None if message.visible_to is None else tuple(message.visible_to),
    )
    await press().send(Piece(frame, key("text", message.id), f"{offset}|{text}", first=not offset))


async def atext_so_far(message_id: UUID | str) -> str:
    """What was shown of a message, up to the first hole. Empty when Redis does not know or is away."""
    pieces = await store().ask(lambda redis: redis.lrange(key("text", message_id), 0, -1))
    return joined(cast("list[str]", pieces or []))


def text_so_far(message_id: UUID | str) -> str:
    """`atext_so_far` for synchronous code."""
    return background.run(atext_so_far(message_id))


def joined(pieces: list[str]) -> str:
    """Pieces in order of their offsets. One that starts at 0 again begins anew; what overlaps is taken once."""
    text = ""
    for piece in pieces:
        offset, _, more = piece.partition("|")
        at = int(offset)
        if at > len(text):
            break
        text = text[:at] + more
    return text
