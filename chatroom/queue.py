"""Kombu's way to Redis, kept from making a client for every command: that took longer than the commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """One client for each connection pool. Clients hold no state but the pool, and threads may share one."""

    _shared: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        if client is None and (self._shared is None or self._shared.connection_pool is not self.pool):
            self._shared = self._create_client()  # type: ignore[attr-defined]
        yield client or self._shared


class Transport(redis.Transport):
    Channel = Channel
