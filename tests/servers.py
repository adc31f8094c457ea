"""The servers tests run on: real ones, made in a moment, forgotten at the end.

`start()` gives one PostgreSQL and one Redis. A pytest session has a pair that its workers share (each with a database
and a Redis number of its own); a test that kills or stops servers starts its own pair.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from chatroom.services import Postgres, Redis
from chatroom.services.process import Running

PREFIX = "chatroom-tests-"

held: list[socket.socket] = []


def spare_port(wanted: int = 0) -> int:
    """A port that is ours until this process ends: a server can listen there, and the kernel gives it to nobody else.

    A server may start seconds after its port was chosen, and be stopped and started again.
    """
    ours = socket.socket()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do, who may then bind what is bound
    ours.bind(("127.0.0.1", wanted))
    held.append(ours)
    return int(ours.getsockname()[1])


@dataclass
class Servers:
    """Running servers. `postgres.service.url` is the socket's address, `.tcp_url` the one a proxy can stand before."""

    directory: Path
    postgres: Running[Postgres]
    redis: Running[Redis]

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.postgres.service.url, "REDIS_URL": self.redis.service.url}

    def stop(self) -> None:
        for server in (self.redis, self.postgres):
            server.stop()
            server.service.remove()
        shutil.rmtree(self.directory, ignore_errors=True)


def start(*, durable: bool = False) -> Servers:
    """A fresh pair. Without `durable` nothing is synced to disk: ten times quicker, and lost with the machine."""
    sweep()
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    directory.chmod(0o711)  # PostgreSQL runs as another account when we are root
    postgres = Running(Postgres(directory / "postgres", port=spare_port(), durable=durable))
    try:
        service = Redis(directory / "redis", durable=durable)
        spare_port(service.port)
        redis = Running(service)
    except BaseException:
        postgres.stop()
        raise
    return Servers(directory, postgres, redis)


def sweep() -> None:
    """What sessions left behind that were killed before they could clean up."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
