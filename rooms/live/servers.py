"""What ASGI has no words for: cutting a connection, and on daphne, knowing that a peer has stopped reading.

Both are reached through the `send` callable that the server handed us. A server not known here simply goes without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from .outbox import Event, Send


def cutter(send: Send) -> Callable[[], None]:
    """Ends the connection without waiting for the peer, who may read nothing and so never see it close."""
    protocol = getattr(send, "__self__", None) or daphne_protocol(send)
    transport = getattr(protocol, "transport", None)
    cut = getattr(transport, "abort", None) or getattr(transport, "abortConnection", None)
    return cut or (lambda: None)


def daphne_protocol(send: Send) -> Any:
    if isinstance(send, partial) and send.args:
        return send.args[0]
    return None


def with_backpressure(send: Send) -> Send:
    """A `send` that waits while the transport is full. Uvicorn's does; daphne's takes everything into memory."""
    protocol = daphne_protocol(send)
    if not hasattr(protocol, "registerProducer"):
        return send
    return Producer(send, protocol)


class Producer:
    """Twisted's word for somebody who is told to pause while a transport is full, and to resume."""

    def __init__(self, send: Send, protocol: Any) -> None:
        self._send = send
        self._flows = asyncio.Event()
        self._flows.set()
        protocol.unregisterProducer()  # the HTTP channel, from before the upgrade
        protocol.registerProducer(self, True)

    async def __call__(self, event: Event) -> None:
        await self._flows.wait()
        await self._send(event)

    def pauseProducing(self) -> None:  # noqa: N802
        self._flows.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._flows.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._flows.set()
