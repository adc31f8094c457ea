"""Starts the servers once per session, before Django reads its settings, and tells workers where they are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from tests import servers

ADDRESSES = "CHATROOM_TEST_SERVERS"
session: servers.Servers | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Around pytest-django's own, which loads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        start_servers()
    os.environ.update(settings_environment(worker))
    try:
        return (yield)
    except BaseException:
        stop_servers()
        raise


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    stop_servers()


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["tests.plugins.hashers.QuickArgon2", *settings.PASSWORD_HASHERS]


def start_servers() -> None:
    global session
    session = servers.start()
    os.environ[f"{ADDRESSES}_MEDIA"] = tempfile.mkdtemp(prefix="chatroom-tests-media-")
    os.environ[f"{ADDRESSES}_POSTGRES"] = session.postgres.service.url
    os.environ[f"{ADDRESSES}_REDIS"] = session.redis.service.url_of(0).removesuffix("/0")


def stop_servers() -> None:
    global session
    if session is not None:
        session.stop()
        session = None
        shutil.rmtree(os.environ[f"{ADDRESSES}_MEDIA"], ignore_errors=True)


def settings_environment(worker: str) -> dict[str, str]:
    """A worker has its own Redis number and prefix; pytest-django gives it a database of its own too."""
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    return {
        "CHATROOM_VAR": "/nonexistent/chatroom-tests",  # nothing of this machine's own `var/` may leak into a test
        "DATABASE_URL": os.environ[f"{ADDRESSES}_POSTGRES"],
        "REDIS_URL": f"{os.environ[f'{ADDRESSES}_REDIS']}/{number}",
        "REDIS_PREFIX": f"test-{worker or 'one'}",
        "SECRET_KEY": "tests-" + "k3y0fth3t3st5" * 5,
        "PUBLIC_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "DEBUG": "0",
        "LLM_MODEL": "",
        "MEDIA_ROOT": f"{os.environ[f'{ADDRESSES}_MEDIA']}/{worker or 'one'}",
        "SENDS_PER_MINUTE": "0",
        "UPLOADS_PER_MINUTE": "0",
        "ASKS_PER_MINUTE": "0",
        "ASKS_PER_DAY": "0",
        "LLM_SCRIPTED_FIRST_TOKEN_MS": "0",
        "LLM_SCRIPTED_TOKENS_PER_SECOND": "0",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


@pytest.fixture
def process_environment(db: None) -> dict[str, str]:
    """For processes a test starts itself: this very test's database and Redis number."""
    from django.db import connection

    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}&port={settings['PORT']}"
    return {**os.environ, "DATABASE_URL": url}


@pytest.fixture
def own_servers() -> Iterator[Callable[..., servers.Servers]]:
    """Start a pair of servers of this test's own, to be stopped, hung or killed: `own_servers(durable=True)`."""
    started: list[servers.Servers] = []

    def start(**options: Any) -> servers.Servers:
        started.append(servers.start(**options))
        return started[-1]

    yield start
    for pair in started:
        pair.stop()
