"""How workers share the tests: a file stays together, and so does a folder whose tests share one costly fixture.

xdist's own groups (`--dist loadgroup`) write into a test's id, which pytest 9.2 no longer reads: they have no effect.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("browser", "faults")  # a town, a house: built once, by one worker
LONGEST_FIRST = (*TOGETHER, "test_up.py", "test_worker.py", "test_services.py", "test_servers.py", "test_demo.py")


class Sharing(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        return str(path.parent if path.parent.name in TOGETHER else path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    config.option.loadscopereorder = False  # by number of tests; ours are in the order of how long they take
    return Sharing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first, so that no worker waits for another at the end."""
    items.sort(key=lambda item: rank(item.path.parent.name, item.path.name))


def rank(*names: str) -> int:
    return next((place for place, name in enumerate(LONGEST_FIRST) if name in names), len(LONGEST_FIRST))
