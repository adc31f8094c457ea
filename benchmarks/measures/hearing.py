"""How soon, and how often in a second, a message reaches everybody who listens to a room."""

from __future__ import annotations

import asyncio
import re

from ..cast import Cast, Person
from ..gauge import Meter, now, percentile
from ..stage import Stage
from ..wires import Socket

RATE, SENT = 5.0, 40
BURST, AT_ONCE = 5.0, 8
MARK = re.compile(rb"~(\d+)~")


class Audience:
    """Many sockets in one room. `say` posts a message that carries a number; each receipt is timed."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.sockets: list[Socket] = []
        self.sent: dict[int, float] = {}
        self.missing: dict[int, int] = {}
        self.all_have: dict[int, asyncio.Event] = {}
        self.waits: list[float] = []
        self.number = 0

    async def enter(self, port: int, people: list[Person]) -> None:
        for start in range(0, len(people), 25):
            some = people[start : start + 25]
            self.sockets += await asyncio.gather(*(Socket.connect(port, one.token, self.hear) for one in some))
            await asyncio.gather(*(socket.say("room.open", room=self.room) for socket in self.sockets[start:]))

    def hear(self, frame: bytes) -> None:
        mark = MARK.search(frame)
        if mark is None:
            return
        number = int(mark[1])
        self.waits.append(now() - self.sent[number])
        self.missing[number] -= 1
        if not self.missing[number]:
            self.all_have[number].set()

    async def say(self, socket: Socket) -> None:
        """Until everybody has it."""
        self.number = number = self.number + 1
        self.missing[number] = len(self.sockets)
        self.all_have[number] = asyncio.Event()
        self.sent[number] = now()
        await socket.say("message.post", room=self.room, body=f"~{number}~ {'x' * 80}")
        await asyncio.wait_for(self.all_have[number].wait(), 10)


async def audience(stage: Stage, cast: Cast) -> Audience:
    await stage.start_web()
    hall = Audience(cast.hall)
    await hall.enter(stage.port, cast.people)
    for socket in hall.sockets[:5]:
        await hall.say(socket)
    hall.waits.clear()
    return hall


async def fanout(stage: Stage, cast: Cast) -> dict[str, float]:
    hall = await audience(stage, cast)
    meter = Meter(stage.groups("web"))
    start = now()
    for turn in range(SENT):
        await asyncio.sleep(start + turn / RATE - now())
        await hall.say(hall.sockets[turn])
    meter.stop()
    waits = {"fanout.p50": percentile(hall.waits, 50), "fanout.p99": percentile(hall.waits, 99)}
    return {**waits, "p95": percentile(hall.waits, 95), **meter.each(SENT)}


async def deliveries(stage: Stage, cast: Cast) -> dict[str, float]:
    """Eight messages under way at any moment; a new one only when everybody has the last."""
    hall = await audience(stage, cast)
    end = now() + BURST
    meter = Meter(stage.groups("web"))

    async def talk(socket: Socket) -> None:
        while now() < end:
            await hall.say(socket)

    await asyncio.gather(*(talk(socket) for socket in hall.sockets[:AT_ONCE]))
    meter.stop()
    each = meter.each(len(hall.waits))
    return {"deliveries.rate": len(hall.waits) / meter.seconds, "p50": percentile(hall.waits, 50), **each}
