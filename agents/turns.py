"""Threads of a worker take turns at Python work, so that the loop that carries the streams gets its share of it.

A thread per run is cheap while it waits for a model. Before and after, twenty of them would compete with the one thread
that passes words on: it then waits for the interpreter twenty times as long, and everybody's text stutters. Whoever
works before the first word finishes that in one turn, so that those who came first are heard first.

Database connections are held within a turn only: those who wait with one would keep those who work from getting theirs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

AT_ONCE = 3
_turns = threading.BoundedSemaphore(AT_ONCE)

SWITCH = 0.001
"""Seconds a thread keeps the interpreter while others want it; Python's own 5 ms are a long time for a word."""


@contextmanager
def turn() -> Iterator[None]:
    """Not to be nested. Gives the connection back at the end, unless a transaction is open around it (tests)."""
    with _turns:
        try:
            yield
        finally:
            if not connection.in_atomic_block:
                connection.close()


def share_quickly() -> None:
    sys.setswitchinterval(SWITCH)
