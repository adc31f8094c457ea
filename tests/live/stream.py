"""A client of the event stream, against the ASGI application itself."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import orjson

from chatroom.asgi import application
from tests.waiting import PATIENCE


class Stream:
    """`GET …/events/` as EventSource asks for it. `hear()` gives (id, frame); raises EOFError at the end."""

    def __init__(self, room: str, *, query: str = "", **headers: str) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "http_version": "1.1",
            "scheme": "http",
            "path": f"/api/v1/rooms/{room}/events/",
            "raw_path": f"/api/v1/rooms/{room}/events/".encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in {"host": "testserver", "accept": "text/event-stream", **headers}.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._started: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.blocks: list[str] = []
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.task = asyncio.create_task(application(self.scope, self._to_app.get, self._send))
        start = await asyncio.wait_for(self._started, PATIENCE)
        self.status = start["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return self

    async def __aexit__(self, *_: object) -> None:
        self._to_app.put_nowait({"type": "http.disconnect"})
        assert self.task is not None
        await asyncio.wait_for(self.task, PATIENCE)

    async def _send(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self._started.set_result(event)
        else:
            self._chunks.put_nowait(event.get("body", b""))
            if not event.get("more_body"):
                self._chunks.put_nowait(None)

    async def block(self, seconds: float = PATIENCE) -> str:
        """What stands between two blank lines."""
        while b"\n\n" not in self._buffer:
            chunk = await asyncio.wait_for(self._chunks.get(), seconds)
            if chunk is None:
                raise EOFError
            self._buffer += chunk
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        self.blocks.append(block.decode())
        return block.decode()

    async def hear(self, seconds: float = PATIENCE) -> tuple[int | None, dict[str, Any]]:
        while True:
            fields = dict(line.split(": ", 1) for line in (await self.block(seconds)).split("\n") if ": " in line)
            if "data" in fields:
                return int(fields["id"]) if "id" in fields else None, orjson.loads(fields["data"])

    async def until(self, type: str, seconds: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                _, frame = await self.hear(seconds)
                if frame["type"] == type:
                    return frame

    async def numbered(self, up_to: int, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(seconds):
            while not frames or frames[-1]["id"] < up_to:
                number, frame = await self.hear(seconds)
                if "id" in frame:
                    assert number == frame["id"]
                    frames.append(frame)
        return frames

    async def ended(self, seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            try:
                while True:
                    await self.block(seconds)
            except EOFError:
                return
