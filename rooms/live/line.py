"""The process's one subscription to the channel layer, watched and renewed.

A dead Redis says so; a hung one, or a connection that some box on the way forgot, says nothing. So the line sends
itself a pulse and listens for it. When none comes back it is torn down and laid anew, until pulses come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from channels.layers import get_channel_layer

from ..background import patience

log = logging.getLogger(__name__)

PULSE = 1.0
PATIENCE = 1.0
TEAR_DOWN = 3.0

Message = dict[str, Any]


class Line:
    """Calls `hear` with every message for this process and `turned` when the layer stops or resumes answering."""

    def __init__(
        self, groups: Callable[[], Iterable[str]], hear: Callable[[Message], None], turned: Callable[[bool], None]
    ) -> None:
        self._groups = groups
        self._hear = hear
        self._turned = turned
        self._channel: str | None = None
        self._receiver: asyncio.Task[None] | None = None
        self._echo = asyncio.Event()
        self.up = asyncio.Event()
        self.well = True

    async def run(self) -> None:
        while True:
            try:
                await self._look_after()
            except Exception:
                log.exception("could not look after the line to the channel layer")
            await asyncio.sleep(PULSE)

    async def _look_after(self) -> None:
        well = await self._answers() if self._channel else await self._connect()
        if well != self.well:
            self.well = well
            self._turned(well)
        if not well:
            await self._tear_down()

    async def add(self, group: str) -> None:
        """Hear this group from now on. When the layer is away this gives up; the next connection includes it."""
        if self.well and not self.up.is_set():
            await within(PATIENCE, self.up.wait())
        if self._channel is not None:
            await within(PATIENCE, get_channel_layer().group_add(group, self._channel))

    async def discard(self, group: str) -> None:
        if self._channel is not None:
            await within(PATIENCE, get_channel_layer().group_discard(group, self._channel))

    async def _connect(self) -> bool:
        layer = get_channel_layer()
        try:
            async with patience(PATIENCE):
                self._channel = channel = await layer.new_channel("hub.")
                self._receiver = asyncio.get_running_loop().create_task(self._receive(channel))
                for group in tuple(self._groups()):
                    await layer.group_add(group, channel)
        except Exception as error:  # whatever the layer raises while Redis is away, hung or loading
            log.debug("no channel layer yet: %r", error)
            return False
        self.up.set()
        return await self._answers()

    async def _answers(self) -> bool:
        """Whether a pulse makes the way out and back. One that fails is tried again: the loop may have been busy."""
        return await self._pulse() or await self._pulse()

    async def _pulse(self) -> bool:
        self._echo.clear()
        if self._channel is None or self._receiver is None or self._receiver.done():
            return False
        if not await within(PATIENCE, get_channel_layer().send(self._channel, {"type": "hub.pulse"})):
            return False
        return await within(PATIENCE, self._echo.wait())

    async def _receive(self, channel: str) -> None:
        """The only reader of the channel. It must not be cancelled while the channel is wanted: that unsubscribes."""
        layer = get_channel_layer()
        while True:
            message = await layer.receive(channel)
            self._echo.set()  # whatever arrives shows that the line is alive; a pulse may have to queue behind it
            if message["type"] == "hub.pulse":
                continue
            try:
                self._hear(message)
            except Exception:
                log.exception("could not take a message of the channel layer")
            await asyncio.sleep(0)  # a full queue hands out messages without ever giving up the loop

    async def _tear_down(self) -> None:
        """Forget channel and connections. Flushed first: otherwise a receiver that is cancelled talks to Redis."""
        self.up.clear()
        self._channel = None
        await within(TEAR_DOWN, get_channel_layer().flush())
        if self._receiver is not None:
            self._receiver.cancel()
            self._receiver = None

    async def stop(self) -> None:
        await self._tear_down()


async def within(seconds: float, work: Awaitable[Any]) -> bool:
    """Whether this succeeded in time. The layer's errors are many and mean the same: not now."""
    try:
        async with patience(seconds):
            await work
    except Exception as error:
        log.debug("the channel layer did not answer: %r", error)
        return False
    return True
