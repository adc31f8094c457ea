"""A real Celery worker in a process of its own, on this test's database and Redis number."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db.models.functions import Now

from agents.models import Status, Step
from chatroom.celery import app
from tests.waiting import A_START, PATIENCE, until

COMMAND = [
    sys.executable, "-m", "celery", "-A", "{app}", "worker",
    "-P", "threads", "-c", "64", "-Q", "agent,default", "-l", "INFO",
    "--without-gossip", "--without-mingle", "--without-heartbeat",
]  # fmt: skip
QUICK = {"LLM_SCRIPTED_FIRST_TOKEN_MS": "0"}


class Worker:
    """`kill()` is kill -9, `freeze()` and `thaw()` are SIGSTOP and SIGCONT, `stop()` asks politely."""

    def __init__(self, environment: dict[str, str], log: Path, app: str = "chatroom") -> None:
        self.log = log
        command = [word.format(app=app) for word in COMMAND]
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return " ready." in self.log.read_text()

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(2 * PATIENCE)


PREFIX = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]


def is_idle() -> bool:
    """Nothing waits in the queue, and of what was taken from it nothing is unfinished."""
    queue = redis.Redis.from_url(settings.REDIS_URL)
    return not any((queue.llen(f"{PREFIX}agent"), queue.llen(f"{PREFIX}default"), queue.hlen(f"{PREFIX}unacked")))


def empty_queue() -> None:
    """Of what waits, and of what killed workers had taken: it would be given to others after seven minutes."""
    app.control.purge()
    redis.Redis.from_url(settings.REDIS_URL).delete(f"{PREFIX}unacked", f"{PREFIX}unacked_index")


def lease_is_over() -> None:
    """Of all steps under way, as twenty seconds after their process was heard of last."""
    Step.objects.filter(status=Status.RUNNING).update(lease_until=Now())


class Workers:
    """Starts workers and ends them with the test."""

    def __init__(self, environment: dict[str, str], directory: Path) -> None:
        self.environment = environment
        self.directory = directory
        self.started: list[Worker] = []

    def start(self, app: str = "chatroom", **settings: str) -> Worker:
        log = self.directory / f"worker-{len(self.started)}.log"
        self.started.append(Worker({**self.environment, **settings}, log, app))
        until(self.started[-1].is_ready, A_START)
        return self.started[-1]


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Worker]]:
    """The one worker that tests share which leave it whole."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


@pytest.fixture
def worker(transactional_db: None, process_environment: dict[str, str], tmp_path: Path, common: list[Worker]) -> Worker:
    """A living worker, of which nothing is known but that it works."""
    app.control.purge()
    if not common:
        common.append(Worker(process_environment | QUICK, tmp_path / "worker.log"))
    until(common[0].is_ready, A_START)
    return common[0]


@pytest.fixture
def workers(
    transactional_db: None, process_environment: dict[str, str], tmp_path: Path, common: list[Worker]
) -> Iterator[Workers]:
    """Workers of this test's own: `workers.start()`. The queues begin and end empty."""
    for shared in common:
        shared.kill()
    common.clear()
    empty_queue()
    started = Workers(process_environment | QUICK, tmp_path)
    yield started
    for worker in started.started:
        worker.kill()
    empty_queue()
