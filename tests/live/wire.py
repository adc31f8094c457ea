"""A client of the ASGI application itself, without a server in between: it sends what a server would pass on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import orjson
from django.test import AsyncClient

from chatroom.asgi import application
from rooms.background import in_thread
from rooms.live import hub as hubs
from rooms.models import User
from rooms.services.tokens import create_token
from tests.waiting import PATIENCE

ORIGIN = "http://testserver"


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Wire:
    """One WebSocket. `hear()` gives the next frame and raises Closed at the end."""

    def __init__(
        self,
        path: str = "/ws/",
        headers: list[tuple[bytes, bytes]] | None = None,
        subprotocols: list[str] | None = None,
    ) -> None:
        path, _, query = path.partition("?")
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers or [],
            "subprotocols": subprotocols or [],
        }
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._refs = 0
        self._aside: deque[dict[str, Any]] = deque()
        self.heard: list[dict[str, Any]] = []
        self.held_up = asyncio.Event()
        self.flows = asyncio.Event()
        self.flows.set()
        self.subprotocol: str | None = None
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(application(self.scope, self._to_app.get, self._send))
        await self._to_app.put({"type": "websocket.connect"})
        first = await self._next(PATIENCE)
        assert first["type"] == "websocket.accept", first
        self.subprotocol = first.get("subprotocol")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.flows.set()
        await self._to_app.put({"type": "websocket.disconnect", "code": 1005})
        await asyncio.wait_for(self.task, PATIENCE)

    async def _send(self, event: dict[str, Any]) -> None:
        if not self.flows.is_set():
            self.held_up.set()
            await self.flows.wait()
        await self._from_app.put(event)

    async def _next(self, seconds: float) -> dict[str, Any]:
        return await asyncio.wait_for(self._from_app.get(), seconds)

    async def text(self, seconds: float = PATIENCE) -> str:
        event = await self._next(seconds)
        if event["type"] == "websocket.close":
            raise Closed(event["code"])
        return str(event["text"])

    async def hear(self, seconds: float = PATIENCE) -> dict[str, Any]:
        if self._aside:
            return self._aside.popleft()
        frame: dict[str, Any] = orjson.loads(await self.text(seconds))
        self.heard.append(frame)
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], Any] | str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The first frame that is wanted (a type, or a question); others are passed over."""
        is_wanted = (lambda frame: frame["type"] == wanted) if isinstance(wanted, str) else wanted
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.hear(seconds)
                if is_wanted(frame):
                    return frame

    async def before(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """All that comes until this message is heard: said last, it shows what does not come, and not only for now."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE):
            while not ((frame := await self.hear()).get("id") == said["seq"] and frame["room"] == said["room"]):
                frames.append(frame)
        return frames

    async def closed(self, seconds: float = PATIENCE) -> int:
        """Wait for the close frame and give its code."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await self.text(seconds)
                except Closed as end:
                    return end.code

    async def raw(self, text: str | None = None, data: bytes | None = None) -> None:
        await self._to_app.put({"type": "websocket.receive", "text": text, "bytes": data})

    async def say(self, type: str, **facts: Any) -> str:
        self._refs += 1
        ref = str(self._refs)
        await self.raw(orjson.dumps({"type": type, "ref": ref, **facts}).decode())
        return ref

    async def ask(self, type: str, **facts: Any) -> dict[str, Any]:
        """Say something and give the answer to it; what comes before that is heard later."""
        ref = await self.say(type, **facts)
        meanwhile: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE):
            while (frame := await self.hear()).get("ref") != ref:
                meanwhile.append(frame)
        self._aside.extend(meanwhile)
        return frame

    async def open(self, room: str, **facts: Any) -> dict[str, Any]:
        answer = await self.ask("room.open", room=room, **facts)
        assert answer["type"] == "ack", answer
        data: dict[str, Any] = answer["data"]
        return data


async def signed_in(user: User, path: str = "/ws/", origin: str = ORIGIN) -> Wire:
    """A page's socket: session cookie and origin."""
    return Wire(path, [(b"cookie", f"sessionid={await session_of(user)}".encode()), (b"origin", origin.encode())])


async def session_of(user: User) -> str:
    client = await client_of(user)
    return str(client.cookies["sessionid"].value)


async def client_of(user: User) -> AsyncClient:
    """Somebody's browser, signed in."""
    client = AsyncClient(headers={"host": "testserver"})
    await client.aforce_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


async def token_of(user: User, *scopes: str, rooms: Any = ()) -> str:
    _, secret = await in_thread(create_token, user=user, name="test", scopes=scopes or ("read", "write"), rooms=rooms)
    return str(secret)


def bearing(secret: str, path: str = "/ws/") -> Wire:
    """A program's socket: a token and no origin."""
    return Wire(path, [(b"authorization", f"Bearer {secret}".encode())])


def feeds(slug: str = "den") -> int:
    """How many connections of this process follow a room, or are about to."""
    return sum(len(channel.feeds) for channel in hubs.hub().rooms.values() if channel.slug == slug)


async def do(service: Callable[..., Any], **facts: Any) -> Any:
    """Call a service as a door would, on a thread with a connection of its own."""
    return await in_thread(service, **facts)


def seqs(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["id"] for frame in frames if "id" in frame]


async def numbered(wire: Wire, up_to: int, seconds: float = PATIENCE) -> list[dict[str, Any]]:
    """All numbered frames until this number."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(seconds):
        while not frames or frames[-1]["id"] < up_to:
            frame = await wire.hear(seconds)
            if "id" in frame:
                frames.append(frame)
    return frames
