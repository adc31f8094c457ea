"""The two probes: alive, and able to serve."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg

from chatroom import health
from rooms.errors import Unavailable
from tests.servers import spare_port
from tests.waiting import A_START


async def test_livez_asks_nobody(async_client, monkeypatch):
    monkeypatch.setattr(health, "postgresql_answers", None)
    monkeypatch.setattr(health, "redis_answers", None)
    assert (await async_client.get("/livez")).status_code == 200


async def test_ready_when_both_servers_answer(own_pool, transactional_db, async_client):
    answer = await async_client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "postgresql": True, "redis": True}


async def test_without_redis_it_is_degraded_and_still_serves(own_pool, transactional_db, async_client, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{spare_port()}/0"
    answer = await async_client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "postgresql": True, "redis": False}


async def test_without_postgresql_it_is_down(async_client, monkeypatch):
    async def away(*args: object, **kwargs: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(health.db, "fetchval", away)
    answer = await async_client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"


def test_migrate_alone_leaves_a_database_that_can_count_sign_ins(own_servers):
    """The table of the database cache is made with the others, not by a command somebody has to know of."""
    pair = own_servers()
    environment = {**os.environ, **pair.environment}
    command = [sys.executable, "manage.py", "migrate", "--skip-checks", "-v", "0"]
    subprocess.run(command, env=environment, check=True, timeout=2 * A_START)
    with psycopg.connect(pair.postgres.service.url) as connection:
        assert connection.execute("SELECT count(*) FROM django_cache").fetchone() == (0,)
