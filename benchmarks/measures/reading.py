"""How long a page of history takes, over one kept connection."""

from __future__ import annotations

import orjson

from ..cast import Cast
from ..gauge import Meter, now, percentile
from ..stage import Stage
from ..wires import Http

PAGES = 150


async def history(stage: Stage, cast: Cast) -> dict[str, float]:
    """The latest page again and again, then back through the room."""
    await stage.start_web()
    line = await Http.connect(stage.port, cast.people[0].token)
    path = f"/api/v1/rooms/{cast.archive}/messages/?limit=50"
    for _ in range(10):
        await line.ask("GET", path)
    meter = Meter(stage.groups("web"))
    latest = [(await timed(line, path))[0] for _ in range(PAGES)]
    meter.stop()
    waits = []
    before = 2**62
    for _ in range(PAGES):
        wait, body = await timed(line, f"{path}&before={before}")
        waits.append(wait)
        before = orjson.loads(body)["results"][0]["seq"]
    return {
        "history.p50": percentile(latest, 50),
        "history.p95": percentile(latest, 95),
        "paging.p50": percentile(waits, 50),
        "paging p95": percentile(waits, 95),
        **meter.each(PAGES),
    }


async def timed(line: Http, path: str) -> tuple[float, bytes]:
    begun = now()
    body = await line.ask("GET", path)
    return now() - begun, body
