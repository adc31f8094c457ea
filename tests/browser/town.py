"""A running house with people in it, for browsers to visit: PostgreSQL, Redis, web, worker and relay, all real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from chatroom.parts import command
from tests import servers
from tests.servers import spare_port
from tests.waiting import A_START, until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"

CAST = """
import json, sys
from agents.services import create_agent, seat_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.messages import post_message
from rooms.services.rooms import create_room

def person(name, kind="human", **facts):
    user = User(username=name, kind=kind, display_name=name.capitalize(), email=f"{name}@example.org", **facts)
    user.set_password("correct horse battery")
    user.save()
    return user

ada, bob, mod, eve, ivy = map(person, ("ada", "bob", "mod", "eve", "ivy"))
gus = person("gus", kind="guest")
den = create_room(creator=ada, name="The den", slug="den", topic="Where we meet")
for user, role in ((bob, "member"), (mod, "moderator"), (gus, "guest"), (ivy, "member")):
    begin_membership(room=den, user=user, role=role, by=ada)
echo = create_agent(owner=ada, username="echo", display_name="Echo", persona="Repeats what matters.")
seat_agent(room=den, agent=echo, by=ada)
slow = create_agent(owner=ada, username="brook", display_name="Brook", model="scripted:words-f200-i150-n400")
seat_agent(room=den, agent=slow, by=ada)
steady = create_agent(owner=ada, username="rill", display_name="Rill", model="scripted:words-f200-i150-n60")
seat_agent(room=den, agent=steady, by=ada)
create_agent(owner=ada, username="scribe", display_name="Scribe", persona="Keeps minutes.")
square = create_room(creator=ada, name="Square", slug="square", visibility="public", topic="For everybody")
archive = create_room(creator=ada, name="Archive", slug="archive")
begin_membership(room=archive, user=bob, role="member", by=ada)
for number in range(1, 181):
    post_message(room=archive, author=ada if number % 3 else bob, body=f"Entry {number} of the archive.")
post_message(room=den, author=bob, body="Good morning. The **kettle** is on; `tea` or coffee?")
post_message(room=den, author=ada, body="Tea.\\n\\n```python\\nfor cup in shelf:\\n    pour(cup)  # slowly\\n```")
post_message(room=den, author=ada, body="| what | how many |\\n|---|---:|\\n| cups | 4 |\\n\\nAsk @bob, he knows.")
"""


@dataclass
class Town:
    pair: servers.Servers
    port: int = field(default_factory=spare_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.pair.environment,
            "DEBUG": "0",
            "PUBLIC_URL": self.address,
            "ALLOWED_HOSTS": "127.0.0.1",
            "REDIS_PREFIX": "town",
            "CHATROOM_VAR": str(self.pair.directory),
            "LLM_SCRIPTED_FIRST_TOKEN_MS": "300",
            "LLM_SCRIPTED_TOKENS_PER_SECOND": "20",  # slow enough to be watched, reloaded and stopped
        }

    def build(self) -> None:
        self.manage("migrate", "--skip-checks", "-v", "0", DB_STATEMENT_TIMEOUT_MS="0")
        self.manage("createcachetable")
        self.shell(CAST)
        for part in ("web", "worker", "relay"):
            self.start(part)

    def manage(self, *arguments: str, **more: str) -> str:
        run = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            run, cwd=ROOT, env={**self.environment, **more}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python inside the town's settings; what it printed."""
        return self.manage("shell", "--no-imports", "-v", "0", "-c", code)

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.pair.postgres.service.url, autocommit=True) as connection:
            cursor = connection.execute(statement, params)
            return list(cursor.fetchall()) if cursor.description else []

    def say(self, who: str, room: str, body: str) -> None:
        """Somebody says something without a browser."""
        words = json.dumps([who, room, body])
        self.shell(
            f"""
import json
from rooms.models import Room, User
from rooms.services.messages import post_message
who, room, body = json.loads({words!r})
post_message(room=Room.objects.get(slug=room), author=User.objects.get(username=who), body=body)
"""
        )

    # --- processes

    def start(self, part: str) -> None:
        log = (self.pair.directory / f"{part}.log").open("ab")
        run = command(part, host="127.0.0.1", port=self.port)
        self.processes[part] = subprocess.Popen(
            run, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        if part == "web":
            self.wait_for_web()

    def kill(self, part: str) -> None:
        process = self.processes.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for_web(self) -> None:
        until(self.answers, A_START)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/livez", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def end(self) -> None:
        for part in tuple(self.processes):
            self.kill(part)
        self.pair.stop()
