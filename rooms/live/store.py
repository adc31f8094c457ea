"""What may be lost, in Redis: who is here, text as it is written. Without Redis it is simply not known."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ..background import patience

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 0.5
PAUSE = 1.0


class Store:
    """One loop's connection to Redis, with a memory of when it last failed: nobody waits twice for a dead server."""

    def __init__(self) -> None:
        options: dict[str, Any] = {**settings.REDIS_TIMEOUTS, "decode_responses": True, "retry": Retry(NoBackoff(), 0)}
        options["socket_timeout"] = None  # `ask` is shorter, and looks twice before it gives up
        self.redis: Redis = Redis.from_url(settings.REDIS_URL, **options)
        self.silent_until = 0.0

    async def ask(self, work: Callable[[Redis], Awaitable[T]]) -> T | None:
        """What Redis answers, or None when it does not within half a second."""
        if time.monotonic() < self.silent_until:
            return None
        try:
            async with patience(PATIENCE):
                return await work(self.redis)
        except Exception as error:  # away, hung, loading, full: all the same to whoever asks
            self.silent_until = time.monotonic() + PAUSE
            log.warning("Redis does not answer (%s); listeners read the log meanwhile", type(error).__name__)
            return None


_stores: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Store] = weakref.WeakKeyDictionary()


def store() -> Store:
    """The store of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _stores:
        _stores[loop] = Store()
    return _stores[loop]


def key(*parts: object) -> str:
    return ".".join([settings.REDIS_PREFIX, *map(str, parts)])
