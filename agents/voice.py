"""An answer on its way from the model to the room: gathered, checked by the gates, sent with its offset."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from . import gates
from .gates import OVERLAP, Window

PACE = 0.04
"""Seconds for which text is gathered. The first leaves at once; 25 pieces a second read as a flow."""

PARAGRAPH = "\n\n"

Send = Callable[[int, str], Awaitable[None]]

UNSHOWABLE = {0: None, ord("\r"): None} | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


def showable(text: str) -> str:
    """What a message can hold: no NUL, no halves of surrogate pairs, plain line ends. Works on any cut of a text."""
    return text.translate(UNSHOWABLE)


class Voice:
    """Says one answer. `shown` is what was released so far; offsets count its code points.

    `say` never waits: a slow Redis does not hold up the model's stream. `withheld` hears once when a gate objects.
    `before` is what an earlier step of the run has said of the same answer: a new paragraph is begun after it.
    """

    def __init__(self, send: Send, withheld: Callable[[gates.Withheld], None], before: str = "") -> None:
        self._send = send
        self._withheld = withheld
        self._pieces: list[str] = [before] if before else []
        self._before = self._length = len(before)
        self._bytes = len(before.encode())
        self._tail = before[-OVERLAP:]
        self._waiting: list[str] = []
        self._stirred = asyncio.Event()
        self._ending = asyncio.Event()
        self._speaking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def shown(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def said(self) -> str:
        """What of it was said here."""
        return self.shown[self._before :]

    @property
    def has_begun(self) -> bool:
        """Something was said here, though perhaps not released yet."""
        return self._length > self._before or bool(self._waiting)

    def say(self, text: str) -> None:
        text = showable(text)
        if not self.has_begun:
            text = text.lstrip()  # models like to begin with empty lines
            text = PARAGRAPH + text if text and self._before else text
        if not text or self._closed:
            return
        self._waiting.append(text)
        self._stirred.set()
        if self._speaking is None:
            self._speaking = asyncio.get_running_loop().create_task(self._speak())

    async def finish(self) -> None:
        """Release what is still gathered, unless a gate has closed the mouth."""
        self._ending.set()
        self._stirred.set()
        if self._speaking is not None:
            await self._speaking

    def fall_silent(self) -> None:
        """Say nothing more; what is gathered stays unsaid."""
        self._closed = True
        self._waiting.clear()
        self._ending.set()
        self._stirred.set()

    async def _speak(self) -> None:
        try:
            while not self._closed and not (self._ending.is_set() and not self._waiting):
                await self._stirred.wait()
                self._stirred.clear()
                begun = time.monotonic()
                await self._release()
                await self._pause(begun + PACE - time.monotonic())
        except gates.Withheld as objection:
            self.fall_silent()
            self._withheld(objection)

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0 or self._ending.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _release(self) -> None:
        """One window: through the gates, then out."""
        text = "".join(self._waiting)
        self._waiting.clear()
        if not text:
            return
        try:
            await self._show(gates.passed(Window(text, self._length, self._bytes, self._tail)))
        except gates.Withheld as objection:
            await self._show(objection.verdict.body or "")
            raise

    async def _show(self, text: str) -> None:
        """It counts as shown before it is sent, since sending may half succeed."""
        if not text:
            return
        offset = self._length
        self._pieces.append(text)
        self._length += len(text)
        self._bytes += len(text.encode())
        self._tail = (self._tail + text)[-OVERLAP:]
        await self._send(offset, text)
