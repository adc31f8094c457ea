"""A person at the public doors, and nothing else: REST by the standard library, one WebSocket for what happens live.

Short enough to be copied by whoever writes a client of their own.
"""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

Frame = dict[str, Any]
PATIENCE = 30.0


class Refused(Exception):
    """What the server said no with, in its own words."""


class Person:
    """Somebody with a token."""

    def __init__(self, address: str, username: str) -> None:
        self.address = address
        self.username = username
        self.token = ""

    async def sign_in(self, password: str) -> None:
        """Name and password make a first token; everything else is done with that."""
        basic = base64.b64encode(f"{self.username}:{password}".encode()).decode()
        facts = {"name": "demonstration", "scopes": ["read", "write", "moderate", "admin"]}
        made = await self.ask("POST", "tokens/", facts, authorization=f"Basic {basic}")
        self.token = made["token"]

    async def ask(self, method: str, path: str, data: Any = None, authorization: str = "") -> Any:
        return await asyncio.to_thread(self._ask, method, path, data, authorization or f"Bearer {self.token}")

    def _ask(self, method: str, path: str, data: Any, authorization: str) -> Any:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", body, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  (our own address)
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None

    async def come_in(self) -> Live:
        address = self.address.replace("http", "ws", 1)
        return Live(await connect(f"{address}/ws/", subprotocols=["chat.v1", f"bearer.{self.token}"]))  # type: ignore[list-item]


class Live:
    """An open socket. Answers find their question by `ref`; everything else waits in order until it is asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._refs = count(1)
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    async def ask(self, type: str, **fields: Any) -> Any:
        """Say a command and wait for its ack. Raises Refused."""
        ref = str(next(self._refs))
        answer = self._asked[ref] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"type": type, "ref": ref, **fields}))
        frame = await asyncio.wait_for(answer, PATIENCE)
        if frame["type"] == "error":
            raise Refused(f"{type}: {frame['code']} {frame['detail']}")
        return frame.get("data")

    async def frame(self, patience: float = PATIENCE) -> Frame:
        """The next frame that nobody asked for. Raises TimeoutError."""
        return await asyncio.wait_for(self._frames.get(), patience)

    async def until(self, wanted: Callable[[Frame], bool], patience: float = PATIENCE) -> list[Frame]:
        """All frames up to the one that is wanted, that one included."""
        frames: list[Frame] = []
        async with asyncio.timeout(patience):
            while not frames or not wanted(frames[-1]):
                frames.append(await self._frames.get())
        return frames

    async def close(self) -> None:
        self._reading.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for text in self._socket:
            frame = json.loads(text)
            asked = self._asked.pop(str(frame.get("ref")), None) if "ref" in frame else None
            if asked is not None:
                asked.set_result(frame)
            else:
                self._frames.put_nowait(frame)
