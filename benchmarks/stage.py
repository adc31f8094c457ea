"""The servers of a run: made in a temporary directory, pinned where that is possible, ended and forgotten after."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from chatroom import parts
from chatroom.services import Postgres, Redis
from chatroom.services.process import Running, spare_port
from chatroom.supervisor.leash import leashed
from chatroom.supervisor.up import answers

HERE = Path(__file__).resolve().parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1
FIRST_PAGE = "/accounts/login/"


class Stage:
    def __init__(self, server: str = "uvicorn", pin: bool = True) -> None:
        self.server = server
        self.pinned = pin and hasattr(os, "sched_setaffinity") and {0, 1} <= os.sched_getaffinity(0)
        self.directory = Path(tempfile.mkdtemp(prefix="chatroom-bench-"))
        self.directory.chmod(0o711)  # PostgreSQL runs as another account when we are root
        self.port = spare_port()
        self.upstream_port = spare_port()
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with self.on(SERVER_CORE):
            self.postgres = Running(Postgres(self.directory / "postgres", durable=True))
            self.redis = Running(Redis(self.directory / "redis", durable=True))
        os.environ.update(self.environment())
        if self.pinned:
            os.sched_setaffinity(0, {CLIENT_CORE})
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()
        self.redis.stop()
        self.postgres.stop()
        self.postgres.service.remove()
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def on(self, core: int) -> Iterator[None]:
        """What is started inside runs on this core, and so do its children."""
        if not self.pinned:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def environment(self) -> dict[str, str]:
        """As in production, but for the addresses."""
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a cold start is measured as the second one of a machine
        return {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "chatroom.settings"),
            "CHATROOM_VAR": str(self.directory),
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DATABASE_URL": self.postgres.service.url,
            "REDIS_URL": self.redis.service.url,
            "LOG_LEVEL": "WARNING",
            "SENDS_PER_MINUTE": os.environ.get("SENDS_PER_MINUTE", "0"),
            "ASKS_PER_MINUTE": "0",
            "ASKS_PER_DAY": "0",
            "LLM_MODEL": "openai/delay-100-gap-20-words-25",
            "LLM_API_BASE": f"http://127.0.0.1:{self.upstream_port}/v1",
            "LLM_API_KEY": "none-needed",
        }

    def groups(self, *names: str) -> dict[str, list[int]]:
        """Process ids by who they belong to, for a `Meter`."""
        ours = {name: [self.children[name].pid] for name in names}
        return {**ours, "postgres": [self.postgres.process.pid], "redis": [self.redis.process.pid]}

    def start(
        self, name: str, command: list[str], core: int = SERVER_CORE, environment: Mapping[str, str] | None = None
    ) -> None:
        with self.on(core), (self.directory / f"{name}.log").open("ab") as log:
            leashed_command, extra = leashed(command)
            self.children[name] = subprocess.Popen(
                leashed_command,
                cwd=HERE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | dict(environment or {}),
                **extra,
            )

    def stop_all(self) -> None:
        for name in tuple(self.children):
            self.stop(name)

    def stop(self, name: str) -> None:
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if said := self.log(name):
            print(f"{name} said:\n{said[-1500:]}", file=sys.stderr)
        (self.directory / f"{name}.log").unlink(missing_ok=True)

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(errors="replace").strip()

    def begin_web(self) -> None:
        """Start a web process; it may take a while to answer."""
        self.start("web", parts.command("web", server=self.server, host="127.0.0.1", port=self.port))

    async def start_web(self) -> None:
        self.begin_web()
        await self.until(lambda: answers("127.0.0.1", self.port), "web")

    async def start_worker(self, **environment: str) -> None:
        self.start("upstream", [sys.executable, "-m", "benchmarks.upstream", str(self.upstream_port)], CLIENT_CORE)
        self.start("worker", parts.command("worker"), environment=environment)
        await self.until(lambda: answers("127.0.0.1", self.upstream_port), "upstream")

    async def until(self, condition: Callable[[], Awaitable[bool]], name: str, patience: float = 60) -> None:
        end = time.monotonic() + patience
        while not await condition():
            if self.children[name].poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start: {self.log(name)[-2000:]}")
            await asyncio.sleep(0.01)
