"""Time and size of one reply, the same for every backend.

Providers' own time-outs hold per read, so a drip passes them for ever, and they bound no size at all. Here *progress*
is text, a tool call or a sign of thought; bytes without meaning (comments, empty deltas) move no deadline.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from enum import Enum
from typing import Any, TypeVar

from agents.llm.errors import Deadline, LLMError
from agents.llm.port import Deadlines, Finish, Limits, Part, Piece, Request, Text, Thought, Usage

T = TypeVar("T")
BREATH = 8
"""Chunks in a row before the loop turns once: about 3 ms of LiteLLM's parsing."""
NEVER = float("inf")
UNBILLED = {"busy", "refused", "down"}
"""Who says this before the first word has not begun to work."""


SILENT = {"timeout", "truncated"}
"""Nothing more came, for too long or for ever."""


class Sign(Enum):
    """What a backend yields, besides parts, when the model is at work without anything to show."""

    THOUGHT = "thought"


class Clock:
    """Counts down three deadlines from its making; how long a connection may take is the transport's matter.

    It has one timer, which looks when a deadline has come and is set anew if there was progress since: an
    `asyncio.timeout` around each of a model's words was a tenth of what a word costs.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.loop = asyncio.get_running_loop()
        start = self.loop.time()
        self.end = start + deadlines.total
        self.due = start + deadlines.first_token
        self.waiting_for: Deadline = "first_token"
        self.timer: asyncio.TimerHandle | None = None
        self.looks_at = NEVER
        self.waiter: asyncio.Task[Any] | None = None
        self.cancelling: int | None = None

    def progress(self) -> None:
        self.due = self.loop.time() + self.deadlines.idle
        self.waiting_for = "idle"

    def resume(self, since: float) -> None:
        """Whoever reads the reply took their time since then: that is not the model's silence."""
        self.due += self.loop.time() - since

    async def wait(self, for_: Awaitable[T]) -> T:
        """Its result, or LLMError naming the deadline that came first; its own TimeoutError passes through."""
        self.waiter = asyncio.current_task()
        self.set_timer()
        try:
            return await for_
        except asyncio.CancelledError:
            if not self.has_come():
                raise
        finally:
            self.waiter = None
        raise LLMError("timeout", deadline="total" if self.end <= self.due else self.waiting_for)

    def set_timer(self) -> None:
        """Unless it looks soon enough: before a first word there may be more time than between two."""
        when = min(self.due, self.end)
        if when < self.looks_at:
            self.stop()
            self.looks_at, self.timer = when, self.loop.call_at(when, self.look)

    def look(self) -> None:
        """Whoever waits waits no longer; a later deadline is looked at later."""
        self.looks_at = NEVER
        if self.waiter is not None and self.loop.time() < min(self.due, self.end):
            self.set_timer()
        elif self.waiter is not None:
            self.cancelling = self.waiter.cancelling()
            self.waiter.cancel()

    def has_come(self) -> bool:
        """Whether a cancellation is the clock's own, and nobody else's besides."""
        if self.cancelling is None or self.waiter is None:
            return False
        return self.waiter.uncancel() <= self.cancelling

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class Meter:
    """Counts what was let through and says when it is enough."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.chars = 0
        self.chunks = 0
        self.pieces: list[str] = []

    def breathe(self) -> bool:
        """Count one chunk. True when others should have a turn: a provider faster than we are never lets the loop go,
        and then no deadline passes either."""
        self.chunks += 1
        return self.chunks % BREATH == 0

    def admit(self, text: str) -> str:
        """As much of `text` as still fits; nothing of a chunk that is too large in itself."""
        room = 0 if len(text) > self.limits.max_chunk_chars else self.limits.max_chars - self.chars
        fitting = text[:room]
        self.chars += len(fitting)
        self.pieces.append(fitting)
        return fitting

    def note(self, unshown: str) -> None:
        """It is shown to nobody, and billed like the rest."""
        self.pieces.append(unshown)

    @property
    def full(self) -> bool:
        return self.chunks >= self.limits.max_chunks

    @property
    def text(self) -> str:
        return "".join(self.pieces)


async def guarded(
    parts: AsyncGenerator[Part | Sign, None],
    request: Request,
    usage_of: Callable[[Request, str], Usage],
    unbilled: Callable[[], list[Part]] = list,
    prepare: Callable[[], Awaitable[object]] | None = None,
) -> AsyncGenerator[Part, None]:
    """The parts in time and within bounds, ending in Finish; every LLMError out of here says what was spent.

    What `prepare` does is our own slowness, not the provider's: the clock starts after it. Where nothing more comes of
    an answer that has ended, it is whole all the same: then its end is what `unbilled` says.
    """
    if prepare is not None:
        await prepare()
    meter, clock = Meter(request.limits), Clock(request.deadlines)
    try:
        async with aclosing(parts), aclosing(_measured(parts, clock, meter)) as measured:
            async for part in measured:
                yield part
    except LLMError as error:
        end = unbilled() if error.kind in SILENT else []
        if not end:
            untold = error.kind in UNBILLED or error.deadline == "connect"
            error.usage = Usage() if untold and not meter.pieces else usage_of(request, meter.text)
            raise
    else:
        end = []
    finally:
        clock.stop()
    for part in end:
        yield part


async def _measured(parts: AsyncGenerator[Part | Sign, None], clock: Clock, meter: Meter) -> AsyncGenerator[Part, None]:
    while (part := await clock.wait(anext(parts, None))) is not None:
        clock.progress()
        if meter.breathe():
            await asyncio.sleep(0)
        shown = Text(meter.admit(part.text)) if isinstance(part, Text) else part
        if isinstance(part, Thought | Piece):
            meter.note(part.text)
        before = clock.loop.time()
        if isinstance(shown, Part) and shown != Text(""):
            yield shown
        clock.resume(before)
        if isinstance(part, Finish):
            return
        if shown != part or meter.full:
            raise LLMError("too_large")
