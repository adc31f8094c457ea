from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from rooms import db


@pytest_asyncio.fixture
async def own_pool() -> AsyncIterator[None]:
    """The loop's database pool ends before its loop does: it cannot be cancelled."""
    yield
    await db.close()
