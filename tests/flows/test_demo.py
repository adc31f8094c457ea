"""`make demo`, as a person starts it: a process of its own that says what it shows, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import psycopg
import pytest
from django.conf import settings

from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.slow]


@pytest.fixture
def demonstration(process_environment) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "demo"]
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=process_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    yield process
    process.kill()
    process.wait()


def test_it_shows_a_conversation_and_ends_by_itself(demonstration, process_environment):
    shown, _ = demonstration.communicate(timeout=200)

    assert demonstration.returncode == 0, shown
    for heading in ("Ada makes a room", "Bob watches the answer being written", "history, backwards", "event log"):
        assert heading in shown
    assert "message.finished     echo:" in shown
    assert "room.open after=16; the log is at 18" in shown
    assert "no hole." in shown
    assert "\033" not in shown, "colours where nobody looks"
    leaves_no_database(demonstration, process_environment)


def test_told_to_stop_it_ends_what_it_began(demonstration, process_environment):
    for line in demonstration.stdout:
        if "They talk" in line:
            break
    children = psutil.Process(demonstration.pid).children(recursive=True)
    assert len(children) >= 2

    demonstration.send_signal(signal.SIGTERM)
    demonstration.communicate(timeout=60)

    assert demonstration.returncode != 0
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == []
    leaves_no_database(demonstration, process_environment)


def leaves_no_database(demonstration: subprocess.Popen[str], environment: dict[str, str]) -> None:
    """On a server that was given to it; others may be at work there.

    Asked until there is nothing: a server with much to do lists a database for some moments after it is gone.
    """
    mine = f"chatroom_demo_{demonstration.pid}_%"

    def is_gone() -> bool:
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            return not connection.execute("SELECT FROM pg_database WHERE datname LIKE %s", [mine]).fetchall()

    until(is_gone)
