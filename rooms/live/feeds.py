"""One reader's place in one room's log: replay, order, audience. The same for WebSocket, SSE and long-poll."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

import orjson

from .. import reading
from ..errors import RoomsError, Unavailable
from .frames import Frame, skip
from .rights import Place, place_of

if TYPE_CHECKING:
    from .channels import RoomChannel
    from .principal import Principal

log = logging.getLogger(__name__)

AGAIN = 1.0

REASONS = {
    "membership.began": "no_access",
    "membership.changed": "no_access",
    "membership.ended": "not_a_member",
    "room.changed": "private",
    "room.deleted": "deleted",
}
"""What a reader who lost the right to read is told, by the event that took it."""


class Listener(Protocol):
    """Whoever holds feeds: a socket, an event stream, a long-poll."""

    principal: Principal

    def tell(self, text: str) -> None:
        """Take one frame. Must not wait: it is called in the middle of a dispatch to everybody."""

    async def ready(self) -> None:
        """Wait until more may be told; asked between the frames of a replay."""

    def sign_out(self, reason: str) -> None:
        """The sign-in behind this listener has ended: end."""

    def dismiss(self) -> None:
        """The process goes down: end, and let the client come back to another."""


class Feed:
    """Passes on every event after `seq`, each once and in order; a number outside the reader's audience as a *skip*.

    A *quiet* feed only counts along: its reader is not shown as present and gets no passing frames.
    While it replays or doubts, the channel does not tell it anything: it reads the log until there is nothing more, and
    joins the live ones without giving up the loop between that look and the joining.
    """

    __slots__ = ("_reason", "_work", "channel", "closed", "doubtful", "draw", "listener", "place", "quiet", "seq")

    def __init__(
        self, channel: RoomChannel, place: Place, listener: Listener, *, after: int, draw: bool, quiet: bool
    ) -> None:
        self.channel = channel
        self.listener = listener
        self.place = place
        self.seq = after
        self.draw = draw
        self.quiet = quiet
        self.closed = False
        self.doubtful = False
        self._reason = "no_access"
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read what is missing and then follow. Called again whenever the feed had to stop following."""
        if self._work is None and not self.closed:
            self._work = asyncio.get_running_loop().create_task(self._catch_up())

    async def started(self) -> None:
        """Wait until the feed follows live, or is closed."""
        while self._work is not None:
            await asyncio.wait([self._work])

    def take(self, frame: Frame) -> None:
        """One numbered frame, in order. One that may change the reader's rights stops the feed until they are known."""
        if frame.seq is None or frame.seq <= self.seq or self.doubtful or self.closed:
            return
        if frame.seq > self.place.last_seq and self.concerned_by(frame):
            if sent_out(frame):
                self.close(REASONS[frame.type])
            else:
                self.doubt(frame)
        else:
            self.seq = frame.seq
            self.listener.tell(self.text_of(frame))

    def hear(self, frame: Frame) -> None:
        """A passing frame: only for those who follow live, and are there, and not for whoever it tells of."""
        if not self.quiet and frame.about != self.place.reader.user_id and frame.is_for(self.place.reader):
            self.listener.tell(frame.text)

    def text_of(self, frame: Frame) -> str:
        if not frame.is_for(self.place.reader):
            return skip(frame.slug, frame.seq or 0)
        return self.channel.drawn(frame) if self.draw else frame.text

    def concerned_by(self, frame: Frame) -> bool:
        if frame.about is not None:
            return frame.about == self.place.reader.user_id
        return frame.type == "room.deleted" or (frame.type == "room.changed" and self.place.reader.role is None)

    def doubt(self, frame: Frame) -> None:
        self.doubtful = True
        self._reason = REASONS.get(frame.type, "no_access")
        self.channel.pause(self)
        self.start()

    async def _catch_up(self) -> None:
        try:
            while not self.closed:
                try:
                    if await self._follows():
                        return
                except Unavailable:  # the database is away; what is missing will still be there when it is back
                    await asyncio.sleep(AGAIN)
        except Exception:
            log.exception("a feed of room %s broke off", self.channel.room_id)
            self.close("error")
        finally:
            self._work = None

    async def _follows(self) -> bool:
        if self.doubtful and not await self._may_still_read():
            return True
        while self.seq < self.channel.seq and not self.doubtful:
            if not await self._replay():
                return True
        if self.doubtful or self.closed:
            return False
        self.channel.follow(self)
        return True

    async def _replay(self) -> bool:
        replay = await self.channel.read(self.seq)
        if replay.resync:
            self.resync(replay.last_seq)
            return False
        for frame, _ in replay.frames:
            self.take(frame)
            if self.doubtful or self.closed:
                break
            await self.listener.ready()
        return not self.closed

    async def _may_still_read(self) -> bool:
        try:
            self.place = await place_of(self.listener.principal, self.channel.slug)
        except Unavailable:
            raise
        except RoomsError:
            self.close(self._reason)
            return False
        self.doubtful = False
        return True

    def resync(self, last_seq: int) -> None:
        """Too far behind, or ahead of the log: the client loads a page and opens the room again."""
        self.listener.tell(resync_text(self.channel.slug, last_seq))
        self.leave()

    def close(self, reason: str) -> None:
        """The reader may not read on. Nothing of this room follows the notice."""
        if not self.closed:
            self.listener.tell(closed_text(self.channel.slug, reason))
            self.leave()

    def leave(self) -> None:
        if not self.closed:
            self.closed = True
            self.channel.leave(self)


def sent_out(frame: Frame) -> bool:
    """Somebody was removed: they are shown out also where anybody may come back and look, as of a public room."""
    return frame.type == "membership.ended" and orjson.loads(frame.text)["data"].get("reason") == "removed"


def resync_text(slug: str, last_seq: int) -> str:
    return f'{{"type":"resync","room":"{slug}","last_seq":{last_seq}}}'


def closed_text(slug: str, reason: str) -> str:
    return orjson.dumps({"type": "room.closed", "room": slug, "reason": reason}).decode()


def too_far(after: int, last_seq: int) -> bool:
    return after > last_seq or last_seq - after > reading.REPLAY_WINDOW
