"""Waiting for a state, never for a time: `until` in plain code, `eventually` in a loop.

Patience is long since it is no measure: it only ends a test that would wait for ever. A machine that stands still for
some seconds must turn nothing red.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 30.0
A_START = 120.0
"""For processes, which import half a world first; and for a house, with servers, tables and demo data."""
STEP = 0.02


def until(question: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask until the answer is yes, and give it. It is asked once more after the time is up: we may have been asleep."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {asked(question)}"
        time.sleep(STEP)
    return answer


async def eventually(question: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The same inside a loop; the question may be a coroutine function."""
    end = time.monotonic() + seconds
    while not (answer := await answer_of(question)):
        assert time.monotonic() < end, f"not within {seconds:g} s: {asked(question)}"
        await asyncio.sleep(STEP)
    return answer


async def answer_of(question: Callable[[], Any]) -> Any:
    answer = question()
    return await answer if inspect.isawaitable(answer) else answer


def asked(question: Callable[[], Any]) -> str:
    """What was asked, for whoever reads the failure."""
    try:
        return inspect.getsource(question).strip()
    except (OSError, TypeError):
        return repr(question)
