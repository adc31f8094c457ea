"""The machine that runs tests may stand still for seconds, and nobody has died of it.

The product takes a Redis that is silent for a quarter of a second for one that is away, goes on without it and drops
what may be lost, such as text as it is written. Tests that are not of that have all the patience there is; those that
are ask for `promptly`. The same goes for a database that has much to do.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.waiting import PATIENCE

MILLISECONDS = re.compile(r"\b((?:statement|lock)_timeout=)\d+")
QUICK_WAYS = ("rooms.db", "rooms.relaying", "rooms.live.store", "rooms.live.line")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    database = settings.DATABASES["default"]["OPTIONS"]
    database["options"] = MILLISECONDS.sub(rf"\g<1>{1000 * PATIENCE:.0f}", database["options"])
    database["pool"]["timeout"] = database["connect_timeout"] = int(PATIENCE)
    patience = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    for host in layer["CONFIG"]["hosts"]:
        host.update(patience)
    settings.CELERY_BROKER_TRANSPORT_OPTIONS.update(patience)


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "promptly" not in request.fixturenames:
        for module in QUICK_WAYS:
            monkeypatch.setattr(f"{module}.PATIENCE", PATIENCE)


@pytest.fixture
def promptly() -> None:
    """Redis is given as little time as in production."""
