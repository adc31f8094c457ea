"""Kombu's way to Redis, kept from making a client for every command: that took longer than the commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from kombu.transport import redis
from redis.exceptions import ConnectionError


class QoS(redis.QoS):
    """Notes what was taken and not yet done in two commands instead of a transaction of four. They leave in one write;
    should the first be lost with the connection, the second of them has nothing to do with anybody else's."""

    @contextmanager
    def pipe_or_acquire(self, pipe: Any = None, client: Any = None) -> Iterator[Any]:
        if pipe is not None:
            yield pipe
            return
        with cast(Any, self.channel).conn_or_acquire(client) as found:
            yield found.pipeline(transaction=False)


class Channel(redis.Channel):
    """One client for each connection pool. Clients hold no state but the pool, and threads may share one."""

    QoS = QoS
    _shared: Any = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        yield client or self.shared()

    def shared(self) -> Any:
        """A channel that is being closed, since Redis has gone, still wants to give back what it took. By then it does
        not know any more where Redis is: the client of before does. Kombu's own way raised an AttributeError there,
        and the worker ended."""
        if self.connection.client is None:
            if self._shared is None:
                raise ConnectionError("this channel is closed")
        elif self._shared is None or self._shared.connection_pool is not self.pool:
            self._shared = self._create_client()  # type: ignore[attr-defined]
        return self._shared


class Transport(redis.Transport):
    Channel = Channel
