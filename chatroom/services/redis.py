"""The embedded Redis: on loopback with a password, append-only file on, so that what was queued survives a restart."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from .binaries import redis_server
from .process import spare_port, wait_for

CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {home}
databases 64
save ""
appendonly {append}
appendfsync everysec
maxmemory-policy noeviction
loglevel warning
"""


class Redis:
    """Redis whose data lives in `home`. The port is kept from start to start as long as it is free."""

    name = "redis"
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.kept = self.read()
        self.port = int(self.kept.get("port", 0))
        self.password = str(self.kept.get("password") or secrets.token_urlsafe(24))
        self.end_leftover()
        self.port = spare_port(self.port)

    @property
    def log(self) -> Path:
        return self.home / "redis.log"

    @property
    def url(self) -> str:
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def read(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.home / "address.json").read_text()))
        except (OSError, ValueError):
            return {}

    def prepare(self) -> None:
        home = json.dumps(str(self.home))  # the quotes of Redis's own configuration are those of JSON
        config = CONFIG.format(
            port=self.port, password=self.password, home=home, append="yes" if self.durable else "no"
        )
        keep_private(self.home / "redis.conf", config)
        keep_private(self.home / "address.json", json.dumps({"port": self.port, "password": self.password}))

    def end_leftover(self) -> None:
        """A server of ours that outlived its parent still holds the file; it answers to our password alone."""
        if not self.port:
            return
        try:
            self.client().shutdown()
        except redis.RedisError:
            return

    def command(self) -> list[str]:
        return [redis_server(), str(self.home / "redis.conf")]

    def popen(self) -> dict[str, object]:
        return {"cwd": "/"}

    def wait_until_ready(self, alive: Callable[[], bool]) -> None:
        wait_for(self.answers, alive, "Redis", self.log)

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=1)

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


def keep_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
