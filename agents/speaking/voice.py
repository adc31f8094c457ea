"""An answer on its way from the model to the room: gathered, checked by the gates, sent with its offset."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from .gates import Withheld
from .sluice import Sluice

PACE = 0.04
"""Seconds for which text is gathered. The first leaves at once; 25 pieces a second read as a flow."""

STROKE = 0.008
"""Voices speak on a common beat, so that what several have to say leaves in one breath."""

PARAGRAPH = "\n\n"

Send = Callable[[int, str], Awaitable[None]]

UNSHOWABLE = {0: None, ord("\r"): None} | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


def showable(text: str) -> str:
    """What a message can hold: no NUL, no halves of surrogate pairs, plain line ends. Works on any cut of a text."""
    return text.translate(UNSHOWABLE)


def on_the_beat(when: float) -> float:
    """The last stroke before."""
    return when - when % STROKE


def wake(nap: asyncio.Future[None] | None) -> None:
    if nap is not None and not nap.done():
        nap.set_result(None)


class Voice:
    """Says one answer. `shown` is what was released so far; offsets count its code points.

    `say` never waits: a slow Redis does not hold up the model's stream. `withheld` hears once when a gate objects.
    `before` is what earlier steps of the run have shown of the same answer, `unsaid` what they had still to say: the
    gates have not let it go yet. A new paragraph is begun after them. One that is `reserved` shows nothing by itself;
    all that has passed the gates is in its `rest`.
    """

    def __init__(
        self,
        send: Send,
        withheld: Callable[[Withheld], None],
        before: str = "",
        unsaid: str = "",
        reserved: bool = False,
    ) -> None:
        self._send = send
        self._withheld = withheld
        self._sluice = Sluice(before)
        self._pieces: list[str] = [before] if before else []
        self._before = self._length = len(before)
        self._waiting: list[str] = [unsaid] if unsaid else []
        self._follows = bool(before or unsaid)
        self._heard: list[str] = []
        self._reserved = reserved
        self._passed: list[str] = []
        self._stirred = asyncio.Event()
        self._ending = False
        self._nap: asyncio.Future[None] | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def shown(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def said(self) -> str:
        """What of it was released here."""
        return self.shown[self._before :]

    @property
    def heard(self) -> str:
        """What the model said here, as it said it, whether it was released or not. To be counted, never to be kept."""
        return "".join(self._heard)

    @property
    def has_begun(self) -> bool:
        """Something was said here, though perhaps not released yet."""
        return bool(self._heard)

    def say(self, text: str) -> None:
        text = showable(text)
        if not self._heard:
            text = text.lstrip()  # models like to begin with empty lines
        if not text or self._closed:
            return
        if self._follows and not self._heard:
            self._waiting.append(PARAGRAPH)
        self._heard.append(text)
        self._waiting.append(text)
        self._stirred.set()
        if self._speaking is None:
            self._speaking = asyncio.get_running_loop().create_task(self._speak())

    async def finish(self) -> None:
        """Release what is still gathered, unless a gate has closed the mouth or somebody wants to see the whole."""
        if not self._reserved:
            await self.show(await self.rest())

    async def rest(self) -> str:
        """The end has come: what was not shown yet, as the gates let it through. It is still to be shown."""
        self._end()
        if self._speaking is not None:
            await self._speaking
        if not self._closed:
            await self._pass(end=True)
        kept, self._passed = "".join(self._passed), []
        return "" if self._closed else kept

    def fall_silent(self) -> None:
        """Say nothing more; what is gathered stays unsaid."""
        self._closed = True
        self._waiting.clear()
        self._end()

    def _end(self) -> None:
        """Whoever naps or waits for more is woken."""
        self._ending = True
        self._stirred.set()
        wake(self._nap)

    async def _speak(self) -> None:
        while not self._ending:
            await self._stirred.wait()
            self._stirred.clear()
            begun = time.monotonic()
            await self._pass()
            await self._pause(on_the_beat(begun + PACE) - time.monotonic())

    async def _pause(self, seconds: float) -> None:
        """A future and a timer: `asyncio.timeout` around an event costs three times as much, for each piece."""
        if seconds <= 0 or self._ending:
            return
        loop = asyncio.get_running_loop()
        self._nap = loop.create_future()
        timer = loop.call_later(seconds, wake, self._nap)
        try:
            await self._nap
        finally:
            timer.cancel()

    async def _pass(self, end: bool = False) -> None:
        """One window: through the gates, then out, unless it is to be kept until somebody has looked at the whole."""
        text = "".join(self._waiting)
        self._waiting.clear()
        text, objection = self._sluice.take(text, end)
        if self._reserved or (end and objection is None):
            self._passed.append(text)
        else:
            await self.show(text)
        if objection is not None:
            self.fall_silent()
            self._withheld(objection)

    async def show(self, text: str) -> None:
        """It counts as shown before it is sent, since sending may half succeed."""
        if not text:
            return
        offset = self._length
        self._pieces.append(text)
        self._length += len(text)
        await self._send(offset, text)
