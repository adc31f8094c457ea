"""One room, as one process hears it: order and holes are settled here once, whatever the number of listeners."""

from __future__ import annotations

import asyncio
import logging

import orjson
from django.utils.module_loading import import_string

from .. import reading
from ..errors import NotFound, Unavailable
from ..reading import NOBODY, Replay
from .feeds import Feed
from .frames import Frame

log = logging.getLogger(__name__)

HOLD = 0.05
"""How long a hole may be a mere mix-up of order before it is read from the log."""
MAX_HELD = 500
BATCH = 200

CHANGING_RIGHTS = ("membership.", "room.", "seat.", "grant.")


class RoomChannel:
    """Dispatches each event once, in order, to the feeds that follow; `seq` is the last one dispatched."""

    def __init__(self, room_id: int, slug: str) -> None:
        self.room_id = room_id
        self.slug = slug
        self.seq = 0
        self.feeds: set[Feed] = set()
        self.first: set[str] = set()
        self.following: dict[Feed, None] = {}
        self.ready: asyncio.Task[None] | None = None
        self._target = 0
        self._held: dict[int, Frame] = {}
        self._waiting: list[Frame] = []
        self._mending: asyncio.Task[None] | None = None
        self._reads: dict[int, asyncio.Task[Replay]] = {}
        self._drawn: tuple[Frame, str] | None = None

    # --- what comes in

    def begin(self, seq: int) -> None:
        """From here on: everything up to `seq` is history for those who ask."""
        self.seq = max(self.seq, seq)
        self._release()

    def receive(self, frame: Frame) -> None:
        """A frame off the channel layer: late, twice, out of order, or after a hole, as it may be."""
        if self.ready is not None and not self.ready.done():
            self._hold(frame)
        elif frame.seq is None and frame.after <= self.seq:
            self._pass(frame)
        elif frame.seq == self.seq + 1:
            self._dispatch(frame)
            if self._held or self._waiting:
                self._release()
        elif frame.seq is None or frame.seq > self.seq:
            self._hold(frame)
            self.mend(max(frame.after, frame.seq or 0))

    def mend(self, target: int) -> None:
        """Make sure that everything up to `target` is dispatched soon, from the log if it does not come by itself."""
        self._target = max(self._target, target)
        if self._target > self.seq and self._mending is None:
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    def _hold(self, frame: Frame) -> None:
        if frame.seq is not None:
            self._held[frame.seq] = frame
        elif len(self._waiting) < MAX_HELD:
            self._waiting.append(frame)
        if len(self._held) > MAX_HELD:
            self._held.clear()

    def _release(self) -> None:
        while (frame := self._held.pop(self.seq + 1, None)) is not None:
            self._dispatch(frame)
        self._held = {seq: frame for seq, frame in self._held.items() if seq > self.seq}
        due = [frame for frame in self._waiting if frame.after <= self.seq]
        self._waiting = [frame for frame in self._waiting if frame.after > self.seq]
        for frame in due:
            self._pass(frame)

    async def _mend(self) -> None:
        try:
            await asyncio.sleep(HOLD)
            while self._target > self.seq:
                if not await self._read_on():
                    break
        except Unavailable:
            pass  # the next look at the database calls again
        except NotFound:
            self.close("deleted")
        except Exception:
            log.exception("could not fill a hole in room %s", self.room_id)
        finally:
            self._mending = None
            self._waiting.clear()  # whatever these passing frames waited for is not there

    async def _read_on(self) -> bool:
        replay = await self.read(self.seq)
        if replay.resync:
            self._jump(replay.last_seq)
        before = self.seq
        for frame, _ in replay.frames:
            if frame.seq == self.seq + 1:
                self._dispatch(frame)
        self._release()
        return self.seq > before

    def _jump(self, last_seq: int) -> None:
        """So far behind (the process slept) that each feed has to see for itself."""
        self.seq = last_seq
        for feed in tuple(self.following):
            self.pause(feed)
            feed.start()

    # --- what goes out

    def _dispatch(self, frame: Frame) -> None:
        seq = self.seq = frame.seq or self.seq
        if not frame.concerns_everyone or frame.type.startswith(CHANGING_RIGHTS):
            for feed in tuple(self.following):
                feed.take(frame)
            return
        for feed in tuple(self.following):
            if feed.seq < seq:
                feed.seq = seq
                feed.listener.tell(self.drawn(frame) if feed.draw else frame.text)

    def _pass(self, frame: Frame) -> None:
        for feed in tuple(self.following):
            feed.hear(frame)

    def drawn(self, frame: Frame) -> str:
        """The frame with its message as HTML beside it (`article`): drawn when first wanted, once for all."""
        if self._drawn is None or self._drawn[0] is not frame:
            self._drawn = (frame, with_article(frame))
        return self._drawn[1]

    # --- who listens

    def add(self, feed: Feed) -> None:
        """The name of the first is kept: whoever else is counted at the first beat of presence is news to them."""
        self.feeds.add(feed)
        if not self.first and not feed.quiet:
            self.first.add(feed.listener.principal.user.username)

    def follow(self, feed: Feed) -> None:
        self.following[feed] = None

    def pause(self, feed: Feed) -> None:
        self.following.pop(feed, None)

    def leave(self, feed: Feed) -> None:
        self.following.pop(feed, None)
        self.feeds.discard(feed)

    def close(self, reason: str) -> None:
        for feed in tuple(self.feeds):
            feed.close(reason)

    async def read(self, after: int) -> Replay:
        """The log after a number, unfiltered. Readers who ask for the same at the same time share one query."""
        task = self._reads.get(after)
        if task is None:
            task = asyncio.get_running_loop().create_task(reading.aread_events(self.room_id, NOBODY, after, BATCH))
            self._reads[after] = task
            task.add_done_callback(lambda _: self._reads.pop(after, None))
        return await asyncio.shield(task)


def with_article(frame: Frame) -> str:
    if not frame.type.startswith(("message.", "reaction.")):
        return frame.text
    try:
        message = orjson.loads(frame.text)["data"]["message"]
        article = import_string("rooms.web.drawing.draw_message")(message)
    except Exception:  # a page can draw it from the frame's own fields; a broken template must not stop the room
        log.exception("could not draw event %s of %s", frame.seq, frame.slug)
        return frame.text
    return f'{frame.text[:-1]},"article":{orjson.dumps(article).decode()}}}'
