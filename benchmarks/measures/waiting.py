"""How long people wait for an agent's first word: above what a call of the model itself takes, made by this client."""

from __future__ import annotations

import asyncio
import re
import time
from statistics import median
from typing import Self

import orjson

from ..cast import MODEL, Cast
from ..gauge import Meter, percentile
from ..stage import Stage
from ..wires import Http, Socket

WORD = re.compile(rb"<(\d{10,})>")
ONE, ROUNDS, AT_ONCE = 20, 4, 20


class Asker:
    """Somebody alone with the agent in a room. Clocks are monotonic, the same for client and model."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.socket: Socket | None = None
        self.begun = 0.0
        self.waited = 0.0
        self.late: list[float] = []
        self.done = asyncio.Event()

    @classmethod
    async def enter(cls, stage: Stage, token: str, room: str) -> Self:
        asker = cls(room)
        asker.socket = await Socket.connect(stage.port, token, asker.hear)
        await asker.socket.say("room.open", room=room)
        return asker

    def hear(self, frame: bytes) -> None:
        now = time.monotonic()
        if frame.startswith(b'{"type":"message.text"'):
            self.waited = self.waited or now - self.begun
            self.piece(now, frame)
        elif frame.startswith((b'{"type":"message.finished"', b'{"type":"message.interrupted"')):
            self.done.set()

    def piece(self, now: float, frame: bytes) -> None:
        self.late += [now - int(spoken) / 1e9 for spoken in WORD.findall(frame)]

    async def ask(self) -> float:
        """Seconds to the first word, once the whole answer is there."""
        self.done.clear()
        self.waited = 0.0
        self.begun = time.monotonic()
        assert self.socket
        await self.socket.say("message.post", room=self.room, body="and what do you say?")
        await asyncio.wait_for(self.done.wait(), 60)
        return self.waited


async def direct(stage: Stage) -> float:
    """The median of the same wait without us: straight to the model."""
    said = orjson.dumps({"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "well?"}]})
    waits = []
    for _ in range(9):
        line = await Http.connect(stage.upstream_port)
        begun = time.monotonic()
        await line.ask("POST", "/v1/chat/completions", said, until=WORD)
        waits.append(time.monotonic() - begun)
        line.close()
    return median(waits)


async def asked(stage: Stage, cast: Cast, at_once: int, rounds: int) -> dict[str, float]:
    await stage.start_web()
    await stage.start_worker()
    people = zip(cast.people, cast.asking[:at_once], strict=False)
    askers = [await Asker.enter(stage, person.token, room) for person, room in people]
    for _ in range(3):  # the worker warms up by itself; let it
        await asyncio.gather(*(asker.ask() for asker in askers))
    alone = await direct(stage)
    waits: list[float] = []
    for asker in askers:
        asker.late.clear()
    meter = Meter(stage.groups("web", "worker"))
    for _ in range(rounds):
        waits += await asyncio.gather(*(delayed(asker, turn / at_once) for turn, asker in enumerate(askers)))
    meter.stop()
    if not all(waits):
        raise RuntimeError("an answer came without a word of it having been shown")
    late = [seconds for asker in askers for seconds in asker.late]
    above = [wait - alone for wait in waits]
    return {
        "p50": percentile(above, 50),
        "p95": percentile(above, 95),
        "direct": alone * 1000,
        "word p50": percentile(late, 50),
        "word p95": percentile(late, 95),
        **meter.each(len(late)),
    }


async def delayed(asker: Asker, turn: float) -> float:
    """All within the time between two words."""
    await asyncio.sleep(turn * 0.02)
    return await asker.ask()


async def one_stream(stage: Stage, cast: Cast) -> dict[str, float]:
    facts = await asked(stage, cast, 1, ONE)
    return {"token.one": facts.pop("p95"), **facts}


async def twenty_streams(stage: Stage, cast: Cast) -> dict[str, float]:
    facts = await asked(stage, cast, AT_ONCE, ROUNDS)
    return {"token.twenty": facts.pop("p95"), **facts}
