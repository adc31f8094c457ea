"""Time that passes only while everybody waits.

A test under `in_no_time` sleeps for hours at no cost and reads exact times off its loop; how busy the machine is, and
whether it stands still for a moment, changes nothing. For code that waits by its loop alone: no threads, no sockets.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from types import SimpleNamespace
from typing import Any

import pytest


class HandClock:
    """Moved by hand, in the place of the module `time` where a module looks at it."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Leaping(selectors.DefaultSelector):
    """Instead of waiting until a timer is due it says so to whoever keeps the time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        assert timeout is not None, "everybody waits, and nobody for a time"
        self.now += timeout
        return ready


class Clockwork(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.leaping = Leaping()
        super().__init__(self.leaping)

    def time(self) -> float:
        return self.leaping.now


def in_no_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop whose time begins at 0 and leaps from one timer to the next."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=Clockwork) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    """Seconds by the running loop."""
    return asyncio.get_running_loop().time()


def tell_time_by_the_loop(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """For a module that asks `time.monotonic()`."""
    monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=now))
