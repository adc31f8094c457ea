from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers

from .house import CAST, House

EMPTY = "TRUNCATE rooms_user, rooms_room RESTART IDENTITY CASCADE"


@pytest.fixture(scope="package")
def built() -> Iterator[House]:
    """One house for all fault tests: its servers are of its own, migrated once."""
    house = House(servers.start(durable=True))
    house.manage("migrate", "--skip-checks", "-v", "0", DB_STATEMENT_TIMEOUT_MS="0")
    house.manage("createcachetable")
    yield house
    house.close()
    house.pair.stop()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house with nobody but the cast in it and no process running but its servers."""
    built.mend()
    built.sql(EMPTY)
    built.secrets = built.run_code(CAST)
    built.processes.clear()
    yield built
    built.close()
