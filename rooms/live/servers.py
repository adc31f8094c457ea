"""What ASGI has no words for: cutting a connection, and on daphne, peers that stop reading and an orderly end.

All is reached through the `send` callable that the server handed us. A server not known here simply goes without.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from .outbox import LAST_WORD, Event, Send

TO_BE_HEARD = 0.3
"""Seconds in which the last words of a daphne that ends go out."""


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
        self._protocol = protocol
        self._flows = asyncio.Event()
        self._flows.set()
        protocol.closeHandshakeTimeout = LAST_WORD  # its own second is too short for a peer who has much to read first
        protocol.unregisterProducer()  # the HTTP channel, from before the upgrade
        protocol.registerProducer(self, True)

    async def __call__(self, event: Event) -> None:
        await self._flows.wait()
        if event["type"] == "websocket.close" and 1000 < event["code"] < 3000:
            self._protocol.sendCloseFrame(
                code=event["code"]
            )  # its own `sendClose` refuses what is not for applications
        else:
            await self._send(event)

    def pauseProducing(self) -> None:  # noqa: N802
        self._flows.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._flows.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._flows.set()


_said_before: set[int] = set()


def before_shutdown(send: Send, say_goodbye: Callable[[], None]) -> None:
    """On daphne, have this called before the sockets go. Uvicorn tells every socket 1012; daphne cuts them silently."""
    if daphne_protocol(send) is None or os.getpid() in _said_before:
        return
    _said_before.add(os.getpid())
    from twisted.internet import reactor, task

    def goodbye() -> Any:
        say_goodbye()
        return task.deferLater(reactor, TO_BE_HEARD, lambda: None)

    cast(Any, reactor).addSystemEventTrigger("before", "shutdown", goodbye)
