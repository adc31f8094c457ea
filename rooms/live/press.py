"""Frames on their way out, those of many answers in one breath.

To keep a piece of text and to publish it are two commands, and each by itself costs Python more than everything else
that is done for it. All that is there when Redis has taken what came before goes together, in order and as one command,
a script: with twenty answers at once that is a third of the processor time of a word.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.layers import get_channel_layer

from .. import background, relaying
from .frames import Frame
from .store import store

KEEP = 15 * 60
MOST = 200
"""Frames of one breath."""

# Of each piece: the name it is kept under, or none; then, after how long a list is kept, four facts of each, as
# `facts_of` gives them. What cannot be kept (Redis is full) is told all the same, and 0 says that not all went well.
BREATH = """
local well = 1
local function try(...)
    local answer = redis.pcall(...)
    if type(answer) == 'table' and answer.err then well = 0 end
end
for nth, name in ipairs(KEYS) do
    local kept, first, group, frame = unpack(ARGV, nth * 4 - 2, nth * 4 + 1)
    if first == '1' then
        try('RPUSH', name, kept)
        try('EXPIRE', name, ARGV[1])
    elseif kept ~= '' then
        try('RPUSHX', name, kept)
    end
    try('PUBLISH', group, frame)
end
return well
"""


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
        self.told: list[asyncio.Future[None]] = []
        self.working: asyncio.Task[None] | None = None
        self.breath = store().redis.register_script(BREATH)

    def publish(self, frame: Frame) -> None:
        """After what was handed over before, while the caller goes on."""
        self._put(Piece(frame))

    async def send(self, piece: Piece) -> None:
        """Returns when it is out, or lost because Redis is away."""
        out = asyncio.get_running_loop().create_future()
        self.told.append(out)
        self._put(piece)
        await out

    def _put(self, piece: Piece) -> None:
        self.waiting.append(piece)
        if self.working is None or self.working.done():
            self.working = asyncio.get_running_loop().create_task(self.work())

    async def work(self) -> None:
        while self.waiting:
            out, told = self.waiting, self.told
            self.waiting, self.told = [], []
            try:
                for start in range(0, len(out), MOST):
                    await self.breathe(out[start : start + MOST])
            finally:
                for one in told:
                    if not one.done():  # whoever waited may have been cancelled
                        one.set_result(None)

    async def breathe(self, pieces: Sequence[Piece]) -> None:
        """Each is kept before it is told, so that whoever misses it finds it."""
        names = [piece.name for piece in pieces]
        facts = [KEEP, *(fact for piece in pieces for fact in facts_of(piece))]
        if await store().ask(lambda _: self.breath(names, facts)):
            for piece in pieces:
                relaying.sent(piece.frame)


def facts_of(piece: Piece) -> Iterator[str | bytes]:
    layer = get_channel_layer()
    yield piece.kept
    yield "1" if piece.first else ""
    yield layer._get_group_channel_name(relaying.group_of(piece.frame.room_id))
    yield layer.serialize(piece.frame.packed())


_presses: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Press] = weakref.WeakKeyDictionary()


def press() -> Press:
    """The press of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _presses:
        _presses[loop] = Press()
    return _presses[loop]


def publish(frames: Sequence[Frame]) -> None:
    """Together, before any text of a message that is sent from now on. From any thread; waits for nobody."""
    background.loop().call_soon_threadsafe(hand_over, frames)


def hand_over(frames: Sequence[Frame]) -> None:
    for frame in frames:
        press().publish(frame)
