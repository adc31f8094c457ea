"""The embedded servers: real ones, whose data outlives whatever happens to them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from chatroom.services import Postgres, Redis, ServiceError
from chatroom.services.accounts import account_for
from chatroom.services.process import Running
from chatroom.supervisor import leash
from tests.waiting import PATIENCE, until


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="chatroom-services-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(place: Path) -> Iterator[Postgres]:
    service = Postgres(place / "postgres", durable=True)
    yield service
    service.remove()


def ask(service: Postgres, sql: str) -> object:
    with psycopg.connect(service.url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def test_it_is_a_real_postgresql_18_with_vectors_that_syncs_to_disk(postgres):
    running = Running(postgres)
    try:
        assert str(ask(postgres, "SHOW server_version")).startswith("18.")
        ask(postgres, "CREATE EXTENSION vector")
        assert ask(postgres, "SELECT ('[1,2]'::vector <-> '[1,2]')::int") == 0
        assert ask(postgres, "SHOW fsync") == "on"
        assert ask(postgres, "SHOW synchronous_commit") == "on"
        assert ask(postgres, "SHOW listen_addresses") == "", "the socket is ours alone; nobody listens on a port"
        assert postgres.socket_directory.stat().st_mode & 0o077 == 0
    finally:
        running.stop()


def test_postgresql_killed_outright_keeps_what_it_committed(postgres):
    running = Running(postgres)
    ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    running = Running(postgres)
    try:
        assert ask(postgres, "SELECT answer FROM kept") == 42
    finally:
        running.stop()


def test_a_server_that_outlived_its_parent_is_ended_before_the_next_starts(postgres):
    first = Running(postgres)
    second = Running(postgres)
    try:
        assert first.process.wait(PATIENCE) == 0
        assert ask(postgres, "SELECT 1") == 1
    finally:
        second.stop()


def test_a_pid_file_that_names_somebody_else_by_now_harms_neither(postgres):
    Running(postgres).stop()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (postgres.data / "postmaster.pid").write_text(f"{bystander.pid}\n{postgres.data}\n1\n5432\n\n\n\nready\n")
    running = Running(postgres)
    try:
        assert bystander.poll() is None
    finally:
        running.stop()
        bystander.kill()
        bystander.wait()


def test_data_of_another_version_is_refused_in_one_sentence(postgres):
    Running(postgres).stop()
    (postgres.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServiceError, match="made by PostgreSQL 16, this is 18"):
        Running(postgres)


def test_a_path_may_have_spaces_commas_and_quotes(place):
    service = Postgres(place / "ada's, and \"bob's\" place" / "postgres", durable=False)
    running = Running(service)
    try:
        assert ask(service, "SELECT 1") == 1
    finally:
        running.stop()
        service.remove()


def test_a_path_too_long_for_a_socket_gets_a_short_one(place):
    service = Postgres(place / ("deep" * 20) / "postgres", durable=False)
    running = Running(service)
    try:
        assert ask(service, "SELECT 1") == 1
        assert len(str(service.socket_directory)) < 60
    finally:
        running.stop()
        service.remove()


def test_a_folder_nobody_else_may_enter_is_no_obstacle(place):
    place.chmod(0o700)  # as /root is
    service = Postgres(place / "postgres", durable=False)
    running = Running(service)
    try:
        assert ask(service, "SELECT 1") == 1
        assert (service.home == place / "postgres") == (os.geteuid() != 0), "root lends it to another account"
        assert (str(service.home) in service.remark) == (os.geteuid() == 0)
        assert Postgres(place / "postgres", durable=False).home == service.home, "found again at the next start"
        assert account_for(service.data).uid != 0
    finally:
        running.stop()
        service.remove()
    assert not service.home.exists()


def test_what_redis_was_told_outlives_a_kill(place):
    service = Redis(place / "redis")
    running = Running(service)
    service.client().rpush("queue", "task")
    until(lambda: any(b"task" in log.read_bytes() for log in (place / "redis").rglob("*.aof")))
    running.process.kill()
    running.process.wait()
    again = Redis(place / "redis")
    running = Running(again)
    try:
        assert again.client().lrange("queue", 0, -1) == [b"task"]
        assert again.port == service.port
        assert again.password == service.password
    finally:
        running.stop()


def test_redis_lets_nobody_in_without_its_password(place):
    service = Redis(place / "redis")
    running = Running(service)
    try:
        stranger = redis.Redis(port=service.port)
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert (place / "redis" / "redis.conf").stat().st_mode & 0o077 == 0
        assert service.password not in " ".join(running.process.args)  # type: ignore[arg-type]
    finally:
        running.stop()


PARENT = """
import sys, subprocess, time
sys.path.insert(0, {root!r})
from chatroom.supervisor import leash
from tests.waiting import PATIENCE, until
if {portable}:
    leash.LIBC = None
command, extra = leash.leashed([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
child = subprocess.Popen(command, start_new_session=True, **extra)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("portable", [False, True], ids=["as on this system", "as where nothing better exists"])
def test_a_leashed_child_ends_when_its_parent_is_killed(portable):
    root = str(Path(leash.__file__).resolve().parent.parent.parent)
    source = PARENT.format(root=root, portable=portable)
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    words = {parent.stdout.readline().strip(), parent.stdout.readline().strip()}
    child = psutil.Process(int(next(word for word in words if word.isdigit())))
    family = [child, *child.children(recursive=True)]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
