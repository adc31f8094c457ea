"""The house with two of each process, the upstream with its moods, and all that those who live there share."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from chatroom.parts import command
from tests import servers
from tests.faults.house import House
from tests.upstream.server import Upstream

from .findings import Findings
from .moods import Moods
from .words import Said

WEBS = ("web1", "web2")
WORKERS = ("worker1", "worker2")
ASKS, SENDS, OF_A_GUEST = 40, 60, 5
"""What one may ask and send in a minute."""
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
    "APPROVAL_SECONDS": "25",
    "PLAN_APPROVAL_SECONDS": "25",
    "ASKS_PER_MINUTE": str(ASKS),
    "ASKS_PER_DAY": "100000",
    "SENDS_PER_MINUTE": str(SENDS),
    "LLM_MODEL": "openai/me",
    "LLM_API_KEY": "sk-y",
    "BREAKER_SECONDS": "4",
    "WORKER_THREADS": "32",
    "PERSON_BUDGET_MICROS_PER_DAY": "2000000",
    "AGENT_PATIENCE_SECONDS": "120",
    "SECRET_KEY": secrets.token_urlsafe(64),
}


@dataclass
class TallHouse(House):
    """A house whose processes know of the upstream, and of settings under which much happens in a minute."""

    upstream: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **SETTINGS, "LLM_API_BASE": self.upstream}


@dataclass
class Town:
    seed: int
    house: TallHouse
    moods: Moods
    findings: Findings
    ids: dict[str, int]
    said: Said = field(default_factory=Said)
    sessions: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def rng(self, whose: str) -> Random:
        return Random(f"{self.seed} {whose}")

    def address(self, web: str) -> str:
        return f"http://127.0.0.1:{self.house.ports[web]}"


@contextmanager
def founded(seed: int, findings: Findings, folder: Path) -> Iterator[Town]:
    """Everything is started, and ended again whatever comes; the logs are left in `folder`."""
    with ExitStack() as ending:
        moods = Moods(seed)
        upstream = Upstream().start()
        ending.callback(upstream.stop)
        pair = servers.start(durable=True)
        house = TallHouse(pair, upstream=upstream.base)
        ending.callback(lambda: house.pair.stop())
        ending.callback(keep_logs, house, folder)
        ending.callback(house.close)
        ids = people_the(house, upstream.port)
        yield Town(seed, house, moods, findings, ids)


def people_the(house: TallHouse, port: int) -> dict[str, int]:
    house.manage("migrate", "--skip-checks", "-v", "0", DB_STATEMENT_TIMEOUT_MS="0")
    house.manage("createcachetable")
    house.secrets, ids = house.run_code(f"from tests.chaos.cast import gather\ngather({port})")
    for name in WORKERS:
        house.run(name, command("worker"))
    house.relay()
    house.beat()
    for name in WEBS:
        house.web(name)
    return dict(ids)


def keep_logs(house: House, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in house.pair.directory.glob("*.log"):
        shutil.copy(log, folder)
