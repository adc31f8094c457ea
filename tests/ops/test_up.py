"""`manage.py up`, as a newcomer runs it: it starts, serves, mends itself, leaves no trace, and says what stops it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers import spare_port
from tests.waiting import A_START, until

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "PUBLIC_URL",
    "ALLOWED_HOSTS",
    "REDIS_PREFIX",
    "HOST",
    "PORT",
    "MAKELEVEL",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class House:
    """One `up` in a directory of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = spare_port()
        self.said = var.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self, **values: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        return {**kept, "CHATROOM_VAR": str(self.var), "PORT": str(self.port), **values}

    def start(self, **values: str) -> None:
        with self.said.open("ab") as log:
            command = [sys.executable, "manage.py", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment(**values), stdout=log, stderr=log)

    def try_to_start(self, **values: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "up"]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(**values),
            capture_output=True,
            text=True,
            timeout=A_START,
            check=False,
        )

    @property
    def log(self) -> str:
        return self.said.read_text(errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def running(self) -> list[psutil.Process]:
        """Every living process that was told of our directory, whoever its parent is by now."""
        return [process for process in psutil.process_iter() if self.owns(process)]

    def owns(self, process: psutil.Process) -> bool:
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.environ().get("CHATROOM_VAR") == str(self.var)
        except psutil.Error:
            return False

    def part(self, *words: str) -> psutil.Process | None:
        found = (process for process in self.running() if all(word in process.cmdline() for word in words))
        return next(found, None)

    def remove(self) -> None:
        for process in self.running():
            process.kill()
        shutil.rmtree(self.var, ignore_errors=True)
        self.said.unlink(missing_ok=True)


@pytest.fixture
def house() -> Iterator[House]:
    var = Path(tempfile.mkdtemp(prefix="chatroom-up-"))
    var.chmod(0o755)
    house = House(var)
    yield house
    house.remove()


def test_it_serves_mends_itself_ends_without_a_trace_and_goes_on_with_the_same_data(house):
    house.start()
    until(lambda: "chatroom is ready at" in house.log, A_START)
    assert f"http://127.0.0.1:{house.port}" in house.log
    assert "chatroom-demo" in house.log
    assert house.get("/accounts/login/")[0] == 200
    assert house.get("/readyz") == (200, '{"status": "ok", "postgresql": true, "redis": true}')
    for name in ("env", "secret_key"):
        assert (house.var / name).stat().st_mode & 0o077 == 0, f"{name} is for its owner alone"

    web = until(lambda: house.part("daphne"), A_START)
    web.kill()
    until(lambda: "web was killed (SIGKILL); starting it again" in house.log, A_START)
    until(lambda: house.get("/livez")[0] == 200, A_START)

    postgres = until(lambda: house.part("-D", str(house.var / "postgres" / "data")), A_START)
    postgres.kill()
    until(lambda: "postgres was killed (SIGKILL); starting it again" in house.log, A_START)
    until(lambda: house.get("/readyz")[0] == 200, A_START)

    assert house.process
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(A_START) == 0
    assert house.running() == []

    first = house.log
    house.start()
    until(lambda: house.get("/accounts/login/")[0] == 200, A_START)
    until(lambda: "chatroom is ready at" in house.log[len(first) :], A_START)
    assert "loading the demo data" in first
    assert "loading the demo data" not in house.log[len(first) :]

    house.process.send_signal(signal.SIGINT)
    assert house.process.wait(A_START) == 0
    assert house.running() == []


def test_nothing_survives_even_its_sudden_death_and_the_next_start_finds_its_data_whole(house):
    house.start(DEMO="0")
    until(lambda: "chatroom is ready at" in house.log, A_START)
    assert house.process
    house.process.kill()
    house.process.wait()
    until(lambda: house.running() == [], A_START)
    house.start(DEMO="0", SERVER="uvicorn")
    until(lambda: house.log.count("chatroom is ready at") == 2, A_START)
    assert house.part("uvicorn")
    assert "already running here" in house.try_to_start(DEMO="0").stderr, "one `up` for one set of data"
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(A_START) == 0
    assert house.running() == []


def test_what_half_a_start_left_behind_does_not_stop_the_next(house):
    (house.var / "postgres" / "data.making").mkdir(parents=True)
    (house.var / "postgres" / "data.making" / "PG_VERSION").write_text("18\n")
    (house.var / "redis").mkdir()
    (house.var / "redis" / "address.json").write_text("{")
    house.start(DEMO="0")
    until(lambda: "chatroom is ready at" in house.log, A_START)
    assert house.process
    house.process.send_signal(signal.SIGTERM)
    assert house.process.wait(A_START) == 0


def says_one_sentence(ran: subprocess.CompletedProcess[str], *words: str) -> None:
    assert ran.returncode != 0
    assert ran.stdout == ""
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert ran.stderr.startswith("chatroom cannot start: ")
    for word in words:
        assert word in ran.stderr


def test_a_port_that_is_taken_is_said(house):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port is held for the house
        taken.bind(("127.0.0.1", house.port))
        taken.listen()
        says_one_sentence(house.try_to_start(), f"Port {house.port} on 127.0.0.1 is taken", f"PORT={house.port + 1}")
    assert house.running() == []


def test_a_directory_that_cannot_be_written_is_said(house):
    (house.var / "file").write_text("in the way")
    says_one_sentence(house.try_to_start(CHATROOM_VAR=str(house.var / "file")), "file is not writable", "CHATROOM_VAR")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"DATABASE_URL": "postgresql://ada:hunter2@127.0.0.1:1/chatroom"},
            ["PostgreSQL of DATABASE_URL does not let us in"],
        ),
        ({"DATABASE_URL": "sqlite:///chat.db"}, ["DATABASE_URL", "postgresql://"]),
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, ["Redis of REDIS_URL does not answer"]),
        ({"PORT": "eighty"}, ["PORT", "1 to 65535"]),
        ({"PORT": "0"}, ["PORT", "1 to 65535"]),
        ({"HOST": "not a host"}, ["HOST"]),
        ({"SERVER": "gunicorn"}, ["SERVER", "daphne or uvicorn"]),
        ({"PUBLIC_URL": "chat.example.org"}, ["PUBLIC_URL"]),
        ({"DEMO": "perhaps"}, ["DEMO", "1/true/yes/on"]),
    ],
)
def test_what_stops_a_start_is_one_sentence_without_secrets(house, values, words):
    ran = house.try_to_start(**values)
    says_one_sentence(ran, *words)
    assert "hunter2" not in ran.stderr
    assert house.running() == []


def test_an_old_python_is_told_so():
    old = shutil.which("python3.9") or shutil.which("python3.10")
    source = (ROOT / "manage.py").read_text()
    assert source.index("sys.version_info < (3, 11)") < source.index("from chatroom")
    if old and subprocess.run([old, "-c", ""], capture_output=True, check=False).returncode == 0:
        ran = subprocess.run([old, str(ROOT / "manage.py"), "up"], capture_output=True, text=True, check=False)
        assert ran.returncode != 0
        assert "needs Python 3.11 or newer" in ran.stderr
