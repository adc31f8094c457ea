"""A whole house in processes of its own, to be killed, stopped and restarted: PostgreSQL, Redis, web, relay, worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import websockets

from chatroom.parts import command
from chatroom.services.process import Running
from tests import servers
from tests.servers import spare_port
from tests.waiting import A_START, PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Process:
    command: list[str]
    environment: dict[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        assert self.popen is not None
        return self.popen.pid

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9, the whole group; it is gone when this returns."""
        if self.popen is not None and self.popen.poll() is None:
            self.signal(signal.SIGKILL)
            self.popen.wait()


@dataclass
class House:
    pair: servers.Servers
    secrets: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.pair.environment,
            "DEBUG": "0",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PUBLIC_URL": "http://127.0.0.1",
            "REDIS_PREFIX": "house",
            "CHATROOM_VAR": str(self.pair.directory),
        }

    def manage(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_code(self, code: str) -> Any:
        """Run Python inside the house's settings; what it prints last is read as JSON."""
        output = self.manage("shell", "--no-imports", "-v", "0", "-c", code)
        return json.loads(output.strip().splitlines()[-1])

    def run(self, name: str, command: list[str], **more: str) -> Process:
        process = self.processes.get(name)
        if process is None:
            log = self.pair.directory / f"{name}.log"
            process = self.processes[name] = Process(command, {**self.environment, **more}, log)
        process.start()
        return process

    def web(self, name: str = "web") -> Process:
        port = self.ports.setdefault(name, spare_port())
        process = self.run(name, command("web", host="127.0.0.1", port=port))
        until(lambda: self.answers(port), A_START)
        return process

    def worker(self, **more: str) -> Process:
        return self.run("worker", command("worker"), **more)

    def relay(self) -> Process:
        return self.run("relay", command("relay"))

    def beat(self) -> Process:
        return self.run("beat", command("beat"))

    def answers(self, port: int) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop_redis(self) -> None:
        self.pair.redis.process.kill()
        self.pair.redis.process.wait()

    def start_redis(self) -> None:
        self.pair.redis.process = self.pair.redis.start()
        self.pair.redis.service.wait_until_ready(lambda: True)

    def mend(self) -> None:
        """Whatever a failed test left broken is whole again."""
        if self.pair.redis.process.poll() is None:
            self.pair.redis.process.send_signal(signal.SIGCONT)
        else:
            self.start_redis()
        if self.pair.postgres.process.poll() is not None:
            self.start_postgres()

    def crash_postgres(self) -> None:
        """As after a power cut: every connection breaks, and the next start runs recovery."""
        os.kill(self.pair.postgres.process.pid, signal.SIGQUIT)
        self.pair.postgres.process.wait(30)

    def start_postgres(self) -> None:
        """To be called on the main thread: an embedded server ends with the thread that started it."""
        self.pair.postgres = Running(self.pair.postgres.service)

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.pair.postgres.service.url, autocommit=True) as connection:
            cursor = connection.execute(statement, params)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        for process in self.processes.values():
            if process.popen is not None and process.popen.poll() is None:
                process.signal(signal.SIGCONT)
            process.kill()

    # --- people at its doors

    def client(self, user: str, web: str = "web") -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[web]}/api/v1",
            headers={"Authorization": f"Bearer {self.secrets[user]}"},
            timeout=PATIENCE,
        )

    @asynccontextmanager
    async def socket(self, user: str, web: str = "web") -> AsyncIterator[Socket]:
        url = f"ws://127.0.0.1:{self.ports[web]}/ws/"
        headers = {"Authorization": f"Bearer {self.secrets[user]}"}
        async with websockets.connect(url, additional_headers=headers, compression=None) as connection:
            yield Socket(connection)

    def check_log(self, slug: str = "den") -> None:
        """The invariants every fault must leave: numbers without a gap, and each message told of."""
        seqs = [row[0] for row in self.sql(f"{EVENTS} ORDER BY e.seq", slug)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert self.sql("SELECT last_seq FROM rooms_room WHERE slug = %s", slug) == [(len(seqs),)]
        untold = """SELECT m.id FROM rooms_message m JOIN rooms_room r ON r.id = m.room_id LEFT JOIN rooms_event e
            ON e.room_id = m.room_id AND e.seq = m.seq AND e.message_id = m.id WHERE r.slug = %s AND e.id IS NULL"""
        assert self.sql(untold, slug) == []


EVENTS = "SELECT e.seq FROM rooms_event e JOIN rooms_room r ON r.id = e.room_id WHERE r.slug = %s"


class Socket:
    """A WebSocket client that keeps everything it heard."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []

    async def say(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame))

    async def hear(self, seconds: float = PATIENCE) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), seconds))
        self.heard.append(frame)
        return frame

    async def hear_until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while not wanted(frame := await self.hear(seconds)):
                pass
        return frame

    async def open(self, slug: str = "den", after: int | None = None) -> int:
        """Opens a room; returns its last number at that time."""
        await self.say(type="room.open", ref="open", room=slug, **({} if after is None else {"after": after}))
        frame = await self.hear_until(lambda f: f.get("ref") == "open")
        assert frame["type"] == "ack", frame
        return int(frame["data"]["last_seq"])

    async def post(self, body: str, client_id: str = "", slug: str = "den") -> dict[str, Any]:
        await self.say(type="message.post", ref=client_id or body, room=slug, body=body, client_id=client_id)
        return await self.hear_until(lambda f: f.get("ref") == (client_id or body))

    @property
    def numbers(self) -> list[int]:
        return [frame["id"] for frame in self.heard if "id" in frame]


CAST = """
import json
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room
from rooms.services.tokens import create_token
secrets = {}
for name in ("ada", "bob", "eve"):
    user = User.objects.create(username=name, display_name=name.capitalize())
    secrets[name] = create_token(user=user, name="t", scopes=["read", "write", "moderate", "admin"])[1]
ada, bob = (User.objects.get(username=name) for name in ("ada", "bob"))
den = create_room(creator=ada, name="The den", slug="den")
begin_membership(room=den, user=bob, role="member", by=ada)
print(json.dumps(secrets))
"""
