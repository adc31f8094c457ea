"""Budgets, quotas and bills begin anew at midnight UTC. A test begins when it can end on the day it began on.

Tests of midnight itself move the clock by hand; all others say «today» and mean one day. A test that a real midnight
divided failed once: what its deployment had spent was, rightly, what it had spent since.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

A_DAY = 86_400
NEEDED, NEEDED_BY_SLOW = 15, 180
"""Seconds of today that a test needs."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    left = A_DAY - time.time() % A_DAY
    if left < (NEEDED_BY_SLOW if item.get_closest_marker("slow") else NEEDED):
        time.sleep(left)
    return (yield)
