"""Two probes. `/livez`: the process answers. `/readyz`: it can serve, that is, PostgreSQL answers.

A stopped Redis makes the answer "degraded" and not a failure: people still send and read, and a probe that took the
process away then would turn a small fault into a large one.
"""

from __future__ import annotations

import asyncio

import redis.asyncio
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from rooms import db
from rooms.errors import RoomsError

DEADLINE = 2.0


async def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


async def readyz(request: HttpRequest) -> HttpResponse:
    postgresql, carrier = await asyncio.gather(postgresql_answers(), redis_answers())
    status = "ok" if postgresql and carrier else "degraded" if postgresql else "down"
    facts = {"status": status, "postgresql": postgresql, "redis": carrier}
    return JsonResponse(facts, status=200 if postgresql else 503, headers={"Cache-Control": "no-store"})


async def postgresql_answers() -> bool:
    try:
        async with asyncio.timeout(DEADLINE):
            return await db.fetchval("SELECT 1", again=True) == 1
    except (RoomsError, TimeoutError):
        return False


async def redis_answers() -> bool:
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        async with asyncio.timeout(DEADLINE):
            return bool(await client.ping())
    except (redis.RedisError, OSError, TimeoutError):
        return False
    finally:
        await client.aclose()
