"""What a web process weighs, alone and with people in it, and how soon it is there."""

from __future__ import annotations

import asyncio

from ..cast import Cast
from ..gauge import memory_kb, now
from ..stage import FIRST_PAGE, Stage
from ..wires import Http
from .hearing import Audience


async def cold(stage: Stage, cast: Cast) -> dict[str, float]:
    """From the start of the process to a page in hand; the second time, as the first may still compile."""
    await first_page(stage)
    stage.stop("web")
    seconds = await first_page(stage)
    return {"cold.seconds": seconds, "cold.mb": memory_kb([stage.children["web"].pid]) / 1024}


async def first_page(stage: Stage) -> float:
    begun = now()
    await stage.start_web()
    await (await Http.connect(stage.port)).ask("GET", FIRST_PAGE)
    return now() - begun


async def sockets(stage: Stage, cast: Cast) -> dict[str, float]:
    """How much a fresh process grows by 500 people who have a room open."""
    await stage.start_web()
    await (await Http.connect(stage.port, cast.people[0].token)).ask("GET", "/api/v1/me/")
    warm = Audience(cast.own[0])
    await warm.enter(stage.port, cast.people[:1])
    await asyncio.sleep(1)
    web = [stage.children["web"].pid]
    before = memory_kb(web)
    begun = now()
    await (hall := Audience(cast.hall)).enter(stage.port, cast.people)
    seconds = now() - begun
    await asyncio.sleep(2)
    grown = memory_kb(web) - before
    return {"socket.kb": grown / len(hall.sockets), "opened a second": len(hall.sockets) / seconds}
