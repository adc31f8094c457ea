"""What one socket is still to be sent, bounded.

A hub writes each frame to hundreds of sockets and may wait for none of them. An ASGI server's `send` hardly ever waits,
so it is stepped by hand: a healthy socket costs neither a task nor a turn of the loop. Only when the transport is full
does a task take over, and what comes meanwhile is kept, up to a bound.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, cast

Send = Callable[[Any], Awaitable[None]]
Event = dict[str, Any]

MAX_FRAMES = 256
MAX_CHARACTERS = 1024 * 1024
TOO_SLOW = 4408
PATIENCE = 30.0
"""Seconds a reader may take for what they asked for themselves: a replay, the answer to a command."""
LAST_WORD = 12.0
"""Seconds to take the close frame; then the connection is cut. Servers wait for ever for a peer that reads nothing."""


@types.coroutine
def resumed(step: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Carry on inside a task with a coroutine that was first stepped outside of one."""
    while True:
        try:
            got = yield waits_for
        except BaseException as error:
            proceed = lambda error=error: step.throw(error)  # noqa: E731
        else:
            proceed = lambda got=got: step.send(got)  # noqa: E731
        try:
            waits_for = proceed()
        except StopIteration:
            return


class Outbox:
    """Writes at once what the transport takes. `cut` ends a connection whose peer takes nothing any more."""

    __slots__ = ("_characters", "_cut", "_farewell", "_queue", "_send", "_writer", "closing")

    def __init__(self, send: Send, cut: Callable[[], None]) -> None:
        self._send = send
        self._cut = cut
        self._queue: deque[str] = deque()
        self._characters = 0
        self._writer: asyncio.Task[None] | None = None
        self._farewell: Event | None = None
        self.closing = False

    @property
    def waits(self) -> bool:
        """The transport is full and the peer has to read first."""
        return self._writer is not None

    def write(self, text: str) -> None:
        """Send now, or keep until the transport takes it. Never waits; too much kept closes the socket with 4408."""
        if self.closing:
            return
        if self._writer is None:
            self._start({"type": "websocket.send", "text": text})
        else:
            self._keep(text)

    def _keep(self, text: str) -> None:
        self._queue.append(text)
        self._characters += len(text)
        if len(self._queue) > MAX_FRAMES or self._characters > MAX_CHARACTERS:
            self.close(TOO_SLOW, "too slow")

    def close(self, code: int, reason: str) -> None:
        """Nothing more after this: what still waits is dropped, the close frame comes next."""
        if self.closing:
            return
        self.closing = True
        self._queue.clear()
        farewell = {"type": "websocket.close", "code": code, "reason": reason}
        if self._writer is None:
            self._start(farewell)
        else:
            self._farewell = farewell
        asyncio.get_running_loop().call_later(LAST_WORD, self._cut)

    async def ready(self) -> None:
        """Wait until the transport has taken everything, for whoever produces faster than frames happen."""
        if self._writer is None:
            return
        await asyncio.wait([self._writer], timeout=PATIENCE)
        if self._writer is not None:
            self.close(TOO_SLOW, "too slow")

    def _start(self, event: Event) -> None:
        step = cast("Coroutine[Any, Any, None]", self._send(event))
        try:
            waits_for = step.send(None)
        except StopIteration:
            return
        except Exception:  # each server has its own error for a peer that left; the disconnect follows by `receive`
            self.closing = True
            return
        self._writer = asyncio.get_running_loop().create_task(self._write_on(step, waits_for))

    async def _write_on(self, step: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await resumed(step, waits_for)
            while self._queue:
                text = self._queue.popleft()
                self._characters -= len(text)
                await self._send({"type": "websocket.send", "text": text})
            if self._farewell is not None:
                await self._send(self._farewell)
        except Exception:  # as above: the peer left
            self.closing = True
        finally:
            self._writer = None
