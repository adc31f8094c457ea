"""Frames on their way out, those of many answers in one breath.

To keep a piece of text and to publish it are two commands, and each by itself costs Python more than everything else
that is done for it. All that is there when Redis has taken what came before goes together, in order: with twenty
answers at once that is half the processor time of a word.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer
from redis.asyncio import Redis

from .. import relaying
from .frames import Frame
from .store import store

KEEP = 15 * 60
MOST = 200
"""Frames of one breath."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame, and under which name what of it is kept, if anything is. Without those before it a piece would be of no
    use, and stay for ever: only the first one makes a list, and sets its end."""

    frame: Frame
    name: str = ""
    kept: str = ""
    first: bool = False


class Press:
    """Of one event loop."""

    def __init__(self) -> None:
        self.waiting: list[Piece] = []
        self.next: asyncio.Future[None] | None = None
        self.working: asyncio.Task[None] | None = None

    def publish(self, frame: Frame) -> None:
        """After what was handed over before, while the caller goes on."""
        self._put(Piece(frame))

    async def send(self, piece: Piece) -> None:
        """Returns when it is out, or lost because Redis is away."""
        if self.next is None:
            self.next = asyncio.get_running_loop().create_future()
        self._put(piece)
        await asyncio.shield(self.next)

    def _put(self, piece: Piece) -> None:
        self.waiting.append(piece)
        if self.working is None or self.working.done():
            self.working = asyncio.get_running_loop().create_task(self.work())

    async def work(self) -> None:
        while self.waiting:
            out, done = self.waiting, self.next
            self.waiting, self.next = [], None
            try:
                for start in range(0, len(out), MOST):
                    await breathe(out[start : start + MOST])
            finally:
                if done is not None and not done.done():
                    done.set_result(None)


async def breathe(pieces: list[Piece]) -> None:
    """Each is kept before it is told, so that whoever misses it finds it."""
    layer = get_channel_layer()

    async def push(redis: Redis) -> bool:
        async with redis.pipeline(transaction=False) as pipe:
            for piece in pieces:
                keep(pipe, piece)
                group = layer._get_group_channel_name(relaying.group_of(piece.frame.room_id))
                pipe.execute_command("PUBLISH", group, layer.serialize(piece.frame.packed()))
            answers = await pipe.execute(raise_on_error=False)
        return not any(isinstance(answer, Exception) for answer in answers)

    if await store().ask(push):
        for piece in pieces:
            relaying.sent(piece.frame)


def keep(pipe: Any, piece: Piece) -> None:
    if piece.first:
        pipe.rpush(piece.name, piece.kept)
        pipe.expire(piece.name, KEEP)
    elif piece.name:
        pipe.execute_command("RPUSHX", piece.name, piece.kept)


_presses: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Press] = weakref.WeakKeyDictionary()


def press() -> Press:
    """The press of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _presses:
        _presses[loop] = Press()
    return _presses[loop]
