"""Everything a demonstration needs, on spare ports, gone when it ends: servers, a fresh database with the demo in it, a
web process and a worker. What already runs on this machine is not touched."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg
import redis

from chatroom.parts import BASE_DIR, command
from chatroom.services import Postgres, Redis, ServiceError
from chatroom.services.process import Running, spare_port, tail
from chatroom.supervisor.child import Child, ending
from chatroom.supervisor.up import answers

PATIENCE = 60.0
STOPPING = 10.0


class Stage:
    """`async with Stage() as stage`: what it started ends with the block. Raises ServiceError when that fails."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="chatroom-demo-"))
        self.home.chmod(0o711)  # PostgreSQL runs as another account when we are root
        self.port = spare_port()
        self.name = f"chatroom_demo_{os.getpid()}_{secrets.token_hex(4)}"  # whose it is, should it be left behind
        self.environment = self.own_environment()
        self._ends = AsyncExitStack()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._ends.callback(shutil.rmtree, self.home, ignore_errors=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ends.aclose()

    def own_environment(self) -> dict[str, str]:
        ours = {
            "CHATROOM_VAR": str(self.home),
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "PUBLIC_URL": self.address,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CSRF_TRUSTED_ORIGINS": "",
            "REDIS_PREFIX": self.name,
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **ours}

    # --- servers: those of the environment, else our own

    async def servers(self) -> None:
        await asyncio.to_thread(self.postgres)
        await asyncio.to_thread(self.redis)

    def postgres(self) -> None:
        given = os.environ.get("DATABASE_URL")
        if given:
            self.environment["DATABASE_URL"] = self.database_beside(given)
            return
        server = Running(Postgres(self.home / "postgres", durable=False))
        self._ends.callback(server.service.remove)
        self._ends.callback(server.stop)
        self.environment["DATABASE_URL"] = server.service.url

    def database_beside(self, url: str) -> str:
        """A database of our own on a server of somebody else's, dropped at the end."""
        run_alone(url, f"CREATE DATABASE {self.name}")
        self._ends.callback(run_alone, url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        return urlsplit(url)._replace(path=f"/{self.name}").geturl()

    def redis(self) -> None:
        given = os.environ.get("REDIS_URL")
        if given:
            self._ends.callback(forget, given, self.name)
            return
        server = Running(Redis(self.home / "redis", durable=False))
        self._ends.callback(server.stop)
        self.environment["REDIS_URL"] = server.service.url

    # --- processes

    async def prepare(self) -> None:
        """Tables, people, and a week of talk."""
        setup = self.child("prepare")
        await setup.start()
        self._ends.push_async_callback(setup.stop, STOPPING)
        code = await setup.listen()
        if code:
            raise ServiceError(f"preparing the database {ending(code)}: {tail(self.log('prepare'))}")

    async def processes(self) -> None:
        """One web process and one worker; both answer when this returns, or soon after."""
        await self.start(self.child("worker"))
        web = self.child("web")
        await self.start(web)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not await answers("127.0.0.1", self.port):
            if not web.alive() or asyncio.get_running_loop().time() > deadline:
                raise ServiceError(f"the web process does not answer: {tail(self.log('web'))}")
            await asyncio.sleep(0.05)

    def child(self, part: str) -> Child:
        run = command(part, host="127.0.0.1", port=self.port)
        return Child(part, run, {"cwd": BASE_DIR, "env": self.environment}, log=self.log(part))

    async def start(self, child: Child) -> None:
        await child.start()
        self._ends.push_async_callback(child.stop, STOPPING)

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"


def run_alone(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def forget(url: str, prefix: str) -> None:
    """Remove what we left in a Redis that is not ours."""
    client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2)
    for key in client.scan_iter(f"{prefix}.*", count=500):
        client.delete(key)
