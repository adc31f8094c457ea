from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms import db
from rooms.live import hub as hubs
from rooms.live import presence


@pytest.fixture(autouse=True)
def _committed(transactional_db: None) -> None:
    """Live means: seen by other connections. Every test here commits for real."""


@pytest.fixture(autouse=True)
def _unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is here is told when somebody asks: the beat of two seconds would fall between other frames now and then."""
    monkeypatch.setattr(presence, "BEAT", 3600)


@pytest_asyncio.fixture(autouse=True)
async def _tidy_loop() -> AsyncIterator[None]:
    """The hub and the pool belong to the test's loop and end with it."""
    yield
    await hubs.hub().stop()
    await db.close()
