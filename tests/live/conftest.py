from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms import db
from rooms.live import hub as hubs


@pytest.fixture(autouse=True)
def _committed(transactional_db: None) -> None:
    """Live means: seen by other connections. Every test here commits for real."""


@pytest_asyncio.fixture(autouse=True)
async def _tidy_loop() -> AsyncIterator[None]:
    """The hub and the pool belong to the test's loop and end with it."""
    yield
    await hubs.hub().stop()
    await db.close()
