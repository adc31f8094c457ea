from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from ..outcomes import Outcome


def nothing() -> None:
    """There is nothing to be done."""


def long_ago() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class Begun:
    """A step under way. `outcome` comes within `longest` seconds, and is None when the lease was lost.

    When it `is_held`, people have to decide something first: whoever claims it then begins anew.

    `meanwhile` is done while it comes: work that must not delay what the step is waiting for. It never raises. Nothing
    is delayed by it once the model was `called`; it is `wanted` when the step cannot go on without it.
    """

    outcome: Future[Outcome | None]
    meanwhile: Callable[[], None] = nothing
    longest: float = 0.0
    is_held: bool = False
    called: threading.Event = field(default_factory=long_ago)
    wanted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.outcome.add_done_callback(lambda _: self.wanted.set())

    @classmethod
    def ended(cls, outcome: Outcome) -> Begun:
        """One that came to its end at once."""
        future: Future[Outcome | None] = Future()
        future.set_result(outcome)
        return cls(future)

    @classmethod
    def held(cls) -> Begun:
        future: Future[Outcome | None] = Future()
        future.set_result(None)
        return cls(future, is_held=True)
