"""What every connection passes before the application sees it: proxies, origin of sockets, size of bodies."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
from django.conf import settings

from rooms import db

Message = MutableMapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REFUSED_ORIGIN = 4403


class BehindProxies:
    """Who calls, when proxies of ours stand in front: the address the outermost of them saw, and its scheme.

    Counted from the right, because whatever stands further left was written by the caller.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if settings.TRUSTED_PROXIES:
            scope = {**scope, **seen_from_outside(scope, settings.TRUSTED_PROXIES)}
        await self.app(scope, receive, send)


def seen_from_outside(scope: Scope, proxies: int) -> dict[str, Any]:
    addresses = [part.strip() for value in headers(scope, b"x-forwarded-for") for part in value.split(",")]
    schemes = headers(scope, b"x-forwarded-proto")
    facts: dict[str, Any] = {}
    if len(addresses) >= proxies:
        facts["client"] = (addresses[-proxies], 0)
    if schemes and schemes[-1] in ("http", "https"):
        facts["scheme"] = schemes[-1] if scope["type"] == "http" else schemes[-1].replace("http", "ws")
    return facts


class ExactOrigin:
    """A page may open a socket only from an origin of ours: same scheme, host and port.

    Other programs send no Origin; they are let in only with a token of their own. Whoever comes with a token leaves the
    cookie outside, so that a refused token cannot fall back on a browser's session. Whoever comes with nothing is told
    inside that they are not signed in.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origins = headers(scope, b"origin")
        if brings_token(scope):
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"cookie"]}
        elif not origins and header(scope, b"cookie") is not None:
            return await refuse(receive, send)
        if len(origins) > 1 or any(origin.lower() not in settings.ALLOWED_ORIGINS for origin in origins):
            return await refuse(receive, send)
        await self.app(scope, receive, send)


def headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header(scope: Scope, name: bytes) -> str | None:
    return next(iter(headers(scope, name)), None)


def brings_token(scope: Scope) -> bool:
    protocols = scope.get("subprotocols") or []
    return bool(header(scope, b"authorization")) or any(name.startswith("bearer.") for name in protocols)


async def refuse(receive: Receive, send: Send) -> None:
    """Accept, then close: a handshake that is refused outright shows a browser no code at all, only 1006."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": REFUSED_ORIGIN, "reason": "origin refused"})


UPLOADS = re.compile(r"/api/v1/rooms/[^/]+/attachments/|/rooms/[^/]+/messages/")


def most_bytes(scope: Scope) -> int:
    """How long a body may be here; where files arrive, one of the longest is let through with what stands around it."""
    if scope["type"] == "http" and UPLOADS.fullmatch(scope["path"]):
        return int(settings.ATTACHMENT_MAX_BYTES + settings.MAX_REQUEST_BYTES)
    return int(settings.MAX_REQUEST_BYTES)


class BodyLimit:
    """Django keeps a whole body before the view may look at its size: stop earlier, with the API's own words."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared, most = header(scope, b"content-length") or "0", most_bytes(scope)
        if declared.isdigit() and int(declared) > most:
            return await too_large(send, most)
        counted = CountedBody(receive, send, most)
        await self.app(scope, counted.receive, counted.send)


class CountedBody:
    """For bodies that do not declare their size: past the limit the application sees a client that went away."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self.source, self.sink = receive, send
        self.most = most
        self.size = 0
        self.refused = False

    async def receive(self) -> Message:
        message = await self.source()
        self.size += len(message.get("body", b""))
        if self.size <= self.most or self.refused:
            return message
        self.refused = True
        await too_large(self.sink, self.most)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self.refused:
            await self.sink(message)


async def too_large(send: Send, most: int) -> None:
    body = orjson.dumps({"code": "too_large", "detail": f"The request is larger than {most} bytes."})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Channels' router does not answer this, and a server without an answer says so at every start."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await db.close()  # its tasks do not let themselves be cancelled: a loop that ends first would wait for ever
    await send({"type": "lifespan.shutdown.complete"})
