"""How many messages are kept and acknowledged in a second, and how long one waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from ..cast import Cast
from ..gauge import Meter, now, percentile
from ..stage import Stage
from ..wires import Http, Socket

SENDERS = 10
WARM, SECONDS = 1.0, 5.0
WORDS = "x" * 88

Send = Callable[[], Awaitable[object]]


async def send(stage: Stage, cast: Cast) -> dict[str, float]:
    """Ten people, each in a room of their own that they have open, say one thing after another."""
    await stage.start_web()
    sockets = [await Socket.connect(stage.port, person.token) for person in cast.people[:SENDERS]]
    for socket, room in zip(sockets, cast.own, strict=False):
        await socket.say("room.open", room=room)
    facts = await loop(stage, [speaker(socket, room) for socket, room in zip(sockets, cast.own, strict=False)])
    return {"send.rate": facts.pop("rate"), "send.p95": facts.pop("p95"), **facts}


async def send_unopened(stage: Stage, cast: Cast) -> dict[str, float]:
    """The same by clients that only speak and have no room open, as integrations do."""
    await stage.start_web()
    sockets = [await Socket.connect(stage.port, person.token) for person in cast.people[:SENDERS]]
    return await loop(stage, [speaker(socket, room) for socket, room in zip(sockets, cast.own, strict=False)])


async def rest(stage: Stage, cast: Cast) -> dict[str, float]:
    await stage.start_web()
    lines = [await Http.connect(stage.port, person.token) for person in cast.people[:SENDERS]]
    facts = await loop(stage, [poster(line, room) for line, room in zip(lines, cast.own, strict=False)])
    return {"rest.rate": facts.pop("rate"), **facts}


def speaker(socket: Socket, room: str) -> Send:
    return lambda: socket.say("message.post", room=room, body=WORDS)


def poster(line: Http, room: str) -> Send:
    return lambda: line.ask("POST", f"/api/v1/rooms/{room}/messages/", orjson.dumps({"body": WORDS}))


async def loop(stage: Stage, senders: list[Send]) -> dict[str, float]:
    """Everyone sends again as soon as they are answered. The first second does not count."""
    begin = now() + WARM
    end = begin + SECONDS
    waits: list[float] = []

    async def one(send: Send) -> None:
        while (sent := now()) < end:
            await send()
            if sent >= begin:
                waits.append(now() - sent)

    talking = [asyncio.ensure_future(one(send)) for send in senders]
    await asyncio.sleep(begin - now())
    meter = Meter(stage.groups("web"))
    await asyncio.gather(*talking)
    meter.stop()
    rate = len(waits) / meter.seconds
    return {"rate": rate, "p50": percentile(waits, 50), "p95": percentile(waits, 95), **meter.each(len(waits))}
