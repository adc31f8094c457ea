"""Carrying committed events to the hubs: the quick way, by the channel layer.

It may fail: every hub watches its rooms' `last_seq` and fills holes from the log. So each publish has 250 ms, and
after a failure nobody waits for Redis again until a second has passed. A loop that is busy itself is no such failure:
taken for one, it would silence the layer just when there is most to carry.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Coroutine

from channels.layers import get_channel_layer

from . import background, db
from .live.frames import Frame

log = logging.getLogger(__name__)

PATIENCE = 0.25
PAUSE = 1.0

RELAYED = """UPDATE rooms_room r SET relayed_seq = x.seq FROM unnest(%s::bigint[], %s::bigint[]) AS x(room, seq)
    WHERE r.id = x.room AND r.relayed_seq < x.seq"""
MARK_EVERY = 0.5


class Carrier:
    """One process's way to the channel layer, with a memory of when it last failed."""

    def __init__(self) -> None:
        self.silent_until = 0.0
        self.relayed: dict[int, int] = {}
        self.marking: asyncio.Task[None] | None = None

    async def publish(self, group: str, message: dict[str, object]) -> bool:
        """Send to a group; False when Redis did not take it in time. "Failed" does not mean "not delivered"."""
        if time.monotonic() < self.silent_until:
            return False
        layer = get_channel_layer()  # its first use imports a Redis client, which is no fault of Redis
        try:
            async with background.patience(PATIENCE):
                await layer.group_send(group, message)
        except Exception as error:  # whatever a Redis client raises when its server is away, hung or full
            self.silent_until = time.monotonic() + PAUSE
            log.warning(
                "the channel layer does not answer (%s); listeners read the log meanwhile",
                type(error).__name__,
            )
            return False
        return True

    def remember(self, room_id: int, seq: int) -> None:
        """Note how far a room is announced; written in batches, since only the relay process reads it."""
        self.relayed[room_id] = max(seq, self.relayed.get(room_id, 0))
        if self.marking is None or self.marking.done():
            self.marking = asyncio.get_running_loop().create_task(self.mark())

    async def mark(self) -> None:
        while self.relayed:
            await asyncio.sleep(MARK_EVERY)
            batch, self.relayed = sorted(self.relayed.items()), {}
            try:
                await db.execute(RELAYED, [[room for room, _ in batch], [seq for _, seq in batch]])
            except db.Unavailable:
                return


_carriers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Carrier] = weakref.WeakKeyDictionary()


def carrier() -> Carrier:
    """The carrier of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _carriers:
        _carriers[loop] = Carrier()
    return _carriers[loop]


def group_of(room_id: int) -> str:
    return f"room.{room_id}"


async def publish_frame(frame: Frame) -> bool:
    """One frame to the hubs of every process that listens to the room."""
    is_sent = await carrier().publish(group_of(frame.room_id), frame.packed())
    if is_sent:
        sent(frame)
    return is_sent


def sent(frame: Frame) -> None:
    """Redis has it, so the relay process need not announce it."""
    if frame.seq is not None:
        carrier().remember(frame.room_id, frame.seq)


async def publish_control(**facts: object) -> bool:
    """Tell every hub something that is not of one room, e.g. a revocation."""
    return await carrier().publish("control", {"type": "hub.control", **facts})


async def announce_seq(room_id: int, seq: int) -> bool:
    """Hydrate one committed event and publish it."""
    from . import reading

    replay = await reading.aread_events(room_id, reading.NOBODY, seq - 1, limit=1)
    for frame, _ in replay.frames:
        return await publish_frame(frame)
    return False


def publish_from_thread(frame: Frame) -> None:
    """From synchronous code: publish a ready frame, waiting a bounded time. Never raises."""
    wait_for(publish_frame(frame), frame.room_id, frame.seq)


def announce(room_id: int, seq: int) -> bool:
    """From synchronous code: hydrate and publish one committed event, waiting a bounded time. Never raises."""
    return wait_for(announce_seq(room_id, seq), room_id, seq)


def wait_for(sending: Coroutine[None, None, bool], room_id: int, seq: int | None) -> bool:
    """Whether it was sent meanwhile. What takes longer goes on: a late frame is better than one read from the log."""
    try:
        return background.submit(sending).result(PATIENCE * 2)
    except Exception as error:  # a listener's convenience must not fail the writer, whose words are kept already
        log.warning("event %s of room %s is not announced yet: %s", seq, room_id, type(error).__name__)
        return False
