"""Which socket is where: `/ws/`, and `/ws/chat/{slug}/` with that room opened."""

from __future__ import annotations

import re
from typing import Any

from django.http import QueryDict

from .consumer import websocket
from .outbox import Send

ADDRESS = re.compile(r"^/ws/(?:chat/(?P<slug>[-a-zA-Z0-9_]{1,64})/)?$")


async def websocket_application(scope: dict[str, Any], receive: Any, send: Send) -> None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    address = ADDRESS.match(path)
    if address is None:
        await receive()
        return await send({"type": "websocket.close", "code": 4404})
    await websocket(scope, receive, send, opening(address["slug"], scope.get("query_string", b"")))


def opening(slug: str | None, query: bytes) -> dict[str, Any] | None:
    """What an address that names a room says at once: `room.open`, from `?after=` on, as articles with `?draw=1`."""
    if slug is None:
        return None
    asked = QueryDict(query)
    after = asked.get("after", "")
    said: dict[str, Any] = {"type": "room.open", "room": slug, "draw": asked.get("draw") == "1"}
    return said | {"after": int(after)} if after.isascii() and after.isdigit() and len(after) < 19 else said
