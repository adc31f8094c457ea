"""What a word of an answer costs on its way to the room, everything included, and how late it is there.

The model of each answer speaks a hundred words, one each 20 ms. A word is on its way from when the model's server has
sent it until somebody's socket has it. One that a gate holds back is late only beyond that: from when the model's
server has sent so much that the gate can have decided on it.
"""

from __future__ import annotations

import asyncio
import re
import time

import orjson

from agents.models import Agent

from ..cast import Cast
from ..gauge import Meter, cpu_seconds, percentile
from ..stage import Stage
from ..watched import REACH
from .waiting import Asker

WORDS = re.compile(r"<(\d{10,})> ?")
STREAMS, WARM, ROUNDS = 20, 2, 3
MODEL = "delay-100-gap-20-words-100"
FIFTY = 50

Pieces = list[tuple[float, str]]


class Reader(Asker):
    """Notes when each piece of an answer came."""

    def __init__(self, room: str) -> None:
        super().__init__(room)
        self.pieces: Pieces = []

    def piece(self, now: float, frame: bytes) -> None:
        self.pieces.append((now, orjson.loads(frame)["data"]["text"]))


def lateness(pieces: Pieces, reach: int) -> list[float]:
    """Of each word that was streamed, in seconds, beyond what a gate of that reach has to wait for."""
    text = "".join(piece for _, piece in pieces)
    words = [(found.end(), int(found[1]) / 1e9) for found in WORDS.finditer(text)]
    shown = iter(pieces)
    late, length, now = [], 0, 0.0
    for end, _ in words:
        while length < end:
            now, piece = next(shown)
            length += len(piece)
        decided = next((spoken for at, spoken in words if at >= end + reach - 1), None)
        if decided is not None:
            late.append(now - decided)
    return late


async def streams(stage: Stage, cast: Cast, at_once: int, **environment: str) -> dict[str, float]:
    """CPU for each word and lateness, after a warm-up."""
    await asyncio.to_thread(speak, MODEL)
    await stage.start_web()
    await stage.start_worker(**environment)
    people = zip(cast.people, cast.asking[:at_once], strict=False)
    readers = [await Reader.enter(stage, person.token, room) for person, room in people]
    for _ in range(WARM):
        await asyncio.gather(*(reader.ask() for reader in readers))
    await idle(stage.groups("worker")["worker"])
    reach = REACH if environment.get("DJANGO_SETTINGS_MODULE") else 1
    meter, late, words = Meter(stage.groups("web", "worker")), [], 0
    for _ in range(ROUNDS):
        for reader in readers:
            reader.pieces.clear()
        await asyncio.gather(*(later(reader, turn / at_once) for turn, reader in enumerate(readers)))
        late += [seconds for reader in readers for seconds in lateness(reader.pieces, reach)]
        words += sum(len(WORDS.findall("".join(text for _, text in reader.pieces))) for reader in readers)
    meter.stop()
    return {"late p50": percentile(late, 50), "late p95": percentile(late, 95), **meter.each(words)}


async def idle(pids: list[int]) -> None:
    """A worker imports and tries its model's client when it starts; that is no word's cost."""
    before, quiet = cpu_seconds(pids), 0
    for _ in range(60):
        await asyncio.sleep(0.5)
        now = cpu_seconds(pids)
        before, quiet = now, quiet + 1 if now - before < 0.03 else 0
        if quiet == 3:
            return


async def later(reader: Asker, turn: float) -> None:
    """Spread over the time of five words: people do not ask in the same millisecond."""
    await asyncio.sleep(turn * 0.1)
    await reader.ask()


def speak(model: str) -> None:
    from django.db import connections

    Agent.objects.update(model=f"openai/{model}")
    connections.close_all()


async def plain(stage: Stage, cast: Cast) -> dict[str, float]:
    found = await streams(stage, cast, STREAMS)
    return {
        "plain.cpu": found["cpu_ms"],
        "late.p50": found.pop("late p50"),
        "late.p95": found.pop("late p95"),
        **found,
    }


async def litellm(stage: Stage, cast: Cast) -> dict[str, float]:
    found = await streams(stage, cast, STREAMS, LLM_DIRECT="0")
    return {"litellm.cpu": found["cpu_ms"], **found}


async def gated(stage: Stage, cast: Cast) -> dict[str, float]:
    """With a gate that reaches 64 characters and without one, one after the other."""
    free = await streams(stage, cast, STREAMS)
    stage.stop_all()
    held = await streams(stage, cast, STREAMS, DJANGO_SETTINGS_MODULE="benchmarks.watched")
    return {
        "gates.added": held["late p95"] - free["late p95"],
        "p50 without": free["late p50"],
        "p95 without": free["late p95"],
        "p50 with": held["late p50"],
        "p95 with": held["late p95"],
        "cpu without": free["cpu_ms"],
        "cpu with": held["cpu_ms"],
    }


async def gates_alone(stage: Stage, cast: Cast) -> dict[str, float]:
    """The same without servers: twenty voices in this process, what they say and when it leaves."""
    from agents.speaking import gates

    from ..watched import far

    found: dict[bool, list[float]] = {}
    usual = gates.gates
    try:
        for held in (False, True):
            chosen = (far, gates.size) if held else (gates.size,)
            gates.gates = lambda chosen=chosen: chosen  # type: ignore[assignment]
            spoken = await asyncio.gather(*(speech(turn) for turn in range(STREAMS)))
            found[held] = [seconds for pieces in spoken for seconds in lateness(pieces, REACH if held else 1)]
    finally:
        gates.gates = usual
    free, held_back = (percentile(found[held], 95) for held in (False, True))
    return {"gates.alone": held_back - free, "p95 without": free, "p95 with": held_back}


async def speech(turn: int) -> Pieces:
    """A hundred words, one each 20 ms, through a voice."""
    from agents.speaking.voice import Voice

    pieces: Pieces = []

    async def send(offset: int, text: str) -> None:
        pieces.append((time.monotonic(), text))

    voice = Voice(send, lambda objection: None)
    due = asyncio.get_running_loop().time() + turn * 0.005
    for _ in range(100):
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        due += 0.02
        voice.say(f"<{time.monotonic_ns()}> ")
    await voice.finish()
    return pieces


async def fifty(stage: Stage, cast: Cast) -> dict[str, float]:
    """As many runs at once, on one worker."""
    found = await streams(stage, cast, FIFTY)
    return {"fifty.p95": found.pop("late p95"), **found}
