"""Threads of a worker take turns at Python work, so that the loop that carries the streams gets its share of it.

A thread per run is cheap while it waits for a model. Before and after, twenty of them would compete with the one thread
that passes words on: it then waits for the interpreter twenty times as long, and everybody's text stutters. Whoever
works before the first word finishes that in one turn, and before those whose work can wait.

Database connections are held within a turn only: those who wait with one would keep those who work from getting theirs.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

AT_ONCE = 3

QUIET = 0.015
"""Seconds after the last of many that came at once; then the next may be of another time."""

SWITCH = 0.001
"""Seconds a thread keeps the interpreter while others want it; Python's own 5 ms are a long time for a word."""


class Turns:
    """So many at once; those in a hurry before the others, and among equals who came first."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._lock = threading.Lock()
        self._waiting: dict[bool, deque[threading.Event]] = {True: deque(), False: deque()}
        self._came = (0.0, 0.0)

    def take(self, *, hurry: bool) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._waiting[hurry].append(mine)
        mine.wait()

    def others_hurry(self) -> bool:
        return bool(self._waiting[True]) or self.until_quiet() > 0

    def note_arrival(self) -> None:
        self._came = (self._came[1], time.monotonic())

    def until_quiet(self) -> float:
        """Seconds in which more may come, if the last two came at once."""
        last_but_one, last = self._came
        return max(0.0, last + QUIET - time.monotonic()) if last - last_but_one < QUIET else 0.0

    def give_back(self) -> None:
        """To the next in line, who then has it without asking again."""
        with self._lock:
            line = self._waiting[True] or self._waiting[False]
            if line:
                line.popleft().set()
            else:
                self._free += 1


_turns = Turns(AT_ONCE)


@contextmanager
def turn(*, hurry: bool = False) -> Iterator[None]:
    """Not to be nested. Gives the connection back at the end, unless a transaction is open around it (tests)."""
    _turns.take(hurry=hurry)
    try:
        yield
    finally:
        try:
            if not connection.in_atomic_block:
                connection.close()
        finally:
            _turns.give_back()


def note_arrival() -> None:
    """Something has come that is to be begun."""
    _turns.note_arrival()


def others_hurry() -> bool:
    """Somebody waits for a turn in which to begin something, or will in a moment: they are coming one after another."""
    return _turns.others_hurry()


def until_quiet() -> float:
    """Seconds in which more may come; none when the last came alone."""
    return _turns.until_quiet()


def share_quickly() -> None:
    sys.setswitchinterval(SWITCH)
