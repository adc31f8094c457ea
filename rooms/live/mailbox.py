"""A listener for transports that fetch what they were told: event streams and long-polls."""

from __future__ import annotations

import asyncio
import re
from collections import deque

from .outbox import MAX_CHARACTERS, MAX_FRAMES
from .principal import Principal

NUMBERED = re.compile(r'\{"type":"[a-z._]+","room":"[^"]*","id":(\d+)')
WORTH_AN_ANSWER = re.compile(r'\{"type":"(?!typing|presence|status)')


class Mailbox:
    """Keeps frames until they are fetched, bounded like a socket's outbox: past it the reader has to come again."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.ended = ""
        self._kept: deque[str] = deque()
        self._characters = 0
        self._came = asyncio.Event()
        self._fetched = asyncio.Event()

    def tell(self, text: str) -> None:
        if self.ended:
            return
        self._kept.append(text)
        self._characters += len(text)
        if len(self._kept) > MAX_FRAMES or self._characters > MAX_CHARACTERS:
            self.end("too_slow")
        self._came.set()

    async def ready(self) -> None:
        """Back-pressure for replays: the log is read no quicker than the client fetches."""
        while self._kept and self._characters > MAX_CHARACTERS // 4 and not self.ended:
            self._fetched.clear()
            await self._fetched.wait()

    def sign_out(self, reason: str) -> None:
        self.end("signed_out")

    def dismiss(self) -> None:
        self.end("restarting")

    def end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self._kept.clear()
        self._characters = 0
        self._came.set()
        self._fetched.set()

    async def fetch(self, seconds: float) -> list[str]:
        """What has come, as soon as anything has; nothing after this many seconds, or when it has ended."""
        await self._wait(seconds)
        frames = list(self._kept)
        self._kept.clear()
        self._characters = 0
        self._came.clear()
        self._fetched.set()
        return frames

    async def wait_for_news(self, seconds: float) -> None:
        """Wait until there is something worth an answer of its own, which typing or presence is not."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.ended and not any(WORTH_AN_ANSWER.match(text) for text in self._kept):
            self._came.clear()
            if not await self._wait(until - loop.time()):
                return

    async def _wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._came.wait()
        except TimeoutError:
            return False
        return True


def seq_of(text: str) -> int | None:
    """The number of a frame, read off its text: frames are made in one place (`frames.wire`)."""
    match = NUMBERED.match(text)
    return int(match[1]) if match else None
