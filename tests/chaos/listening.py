"""Somebody who listens to a room by a socket, a stream of events or by asking, and comes back after every cut."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections import defaultdict
from typing import Any

import httpx
import websockets

from .cast import PEOPLE, ROOMS
from .findings import Invariant
from .gate import WORD
from .town import WEBS, Town

CUTS = (OSError, EOFError, TimeoutError, httpx.HTTPError, websockets.WebSocketException)
WAYS = ("socket", "stream", "poll")
QUIET = 20.0

Frame = dict[str, Any]


class Listener:
    """`seq` is the last number heard, None where it begins anew; `pieces` what a message was while it was written."""

    def __init__(self, town: Town, who: str, room: str, way: str) -> None:
        self.town, self.who, self.room, self.way = town, who, room, way
        self.rng = town.rng(f"{who} {room} {way}")
        self.headers = {"Authorization": f"Bearer {town.house.secrets[who]}"}
        self.seq: int | None = None
        self.frames: list[Frame] = []
        self.pieces: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.connections = 0
        self.closed = False

    def __str__(self) -> str:
        return f"{self.who} in {self.room} by {self.way}"

    def violated(self, invariant: Invariant, *what: object) -> None:
        self.town.findings.violated(invariant, self, *what)

    async def listen(self) -> None:
        while True:
            self.connections += 1
            self.closed = False
            try:
                await getattr(self, self.way)()
            except CUTS:
                pass
            except Exception:
                self.violated(Invariant.CHAOS, traceback.format_exc()[-600:])
            await asyncio.sleep(self.rng.random() * 1.2)

    # --- the three ways

    async def socket(self) -> None:
        async with self.town.house.socket(self.who, self.rng.choice(WEBS)) as socket:
            after = {} if self.seq is None else {"after": self.seq}
            await socket.say(type="room.open", ref="open", room=self.room, **after)
            until = self.some_time()
            while not self.tired(until):
                frame = await socket.hear(QUIET)
                socket.heard.clear()
                if frame.get("ref") == "open" and not self.opened(frame):
                    return
                if self.take(frame) in ("room.closed", "resync"):
                    return

    def opened(self, frame: Frame) -> bool:
        if frame["type"] == "error":
            if frame["code"] not in ("not_found", "unavailable", "forbidden"):
                self.violated(Invariant.DOORS, frame)
            return False
        if self.seq is None:
            self.seq = int(frame["data"]["last_seq"])
        return True

    async def stream(self) -> None:
        headers = {**self.headers, "Accept": "text/event-stream"}
        if self.seq is not None:
            headers["Last-Event-ID"] = str(self.seq)
        url = f"{self.town.address(self.rng.choice(WEBS))}/api/v1/rooms/{self.room}/events/"
        async with httpx.AsyncClient(timeout=QUIET) as client, client.stream("GET", url, headers=headers) as response:
            self.town.findings.answered("stream", response.status_code)
            until = self.some_time()
            async for line in response.aiter_lines():
                if line.startswith("data: ") and self.take(json.loads(line[6:])) in ("room.closed", "resync"):
                    return
                if self.tired(until):
                    return

    async def poll(self) -> None:
        async with httpx.AsyncClient(
            timeout=2 * QUIET, base_url=self.town.address(self.rng.choice(WEBS)), headers=self.headers
        ) as client:
            for _ in range(6):
                if self.seq is None and not await self.begins(client):
                    return
                asked = {"after": str(self.seq), "wait": str(self.rng.choice([0, 5, 10]))}
                page = await self.asked(client, f"/api/v1/rooms/{self.room}/events/", asked)
                for frame in page["results"] if page else ():
                    self.take(frame)
                if page is None or self.closed:
                    return
                if page["results"] and self.seq is not None and page["last_seq"] != self.seq:
                    self.violated(Invariant.ORDER, "heard to", self.seq, "and was told", page["last_seq"])

    async def begins(self, client: httpx.AsyncClient) -> bool:
        room = await self.asked(client, f"/api/v1/rooms/{self.room}/", {})
        if room is not None:
            self.seq = int(room["last_seq"])
        return room is not None

    async def asked(self, client: httpx.AsyncClient, path: str, what: dict[str, str]) -> Any:
        response = await client.get(path, params=what)
        self.town.findings.answered("poll", response.status_code, response.text)
        return response.json() if response.status_code == 200 else None

    def some_time(self) -> float:
        return time.monotonic() + self.rng.uniform(5, 40)

    def tired(self, until: float) -> bool:
        """Nobody goes once time is up: they wait for the end of the log."""
        return time.monotonic() > until and not self.town.over.is_set()

    # --- what comes

    def take(self, frame: Frame) -> str:
        kind = str(frame["type"])
        if frame.get("room") != self.room:
            return kind
        self.look_at(frame)
        if kind == "room.closed":
            self.closed = True
        elif kind == "resync":
            self.town.findings.done["resyncs"] += 1
            self.seq = None
        elif "id" in frame:
            self.follow(frame)
        elif kind == "message.text":
            self.pieces[frame["data"]["message"]].append((frame["data"]["offset"], frame["data"]["text"]))
        return kind

    def follow(self, frame: Frame) -> None:
        if self.seq is not None and frame["id"] != self.seq + 1:
            self.violated(Invariant.ORDER, self.seq, "and then", frame["id"], frame["type"], "by", self.connections)
        self.seq = frame["id"]
        self.frames.append(frame)

    def look_at(self, frame: Frame) -> None:
        text = json.dumps(frame)
        if self.closed and frame["type"] != "room.closed":
            self.violated(Invariant.CLOSED, text[:200])
        if WORD in json.dumps(frame.get("data")):
            self.violated(Invariant.FORBIDDEN, text[:300])
        for mark, sent in self.town.said.leaks(text, self.who):
            self.violated(Invariant.PRIVATE, mark, sent, text[:300])


def everybody(town: Town) -> list[Listener]:
    """All ways into all rooms; eve tries the den too, and hears nothing."""
    return [Listener(town, who, room, way) for who in PEOPLE for room in ROOMS for way in WAYS]
