"""A worker that stands still at points of its work which a test has named, so that it can be killed right there.

`HALT_AT` names one point for each room: the function before which whoever works for that room stands still, as
`module:function`, or `module:function#kind` for steps of this kind only. It halts once, and says so in its log.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import threading
from collections.abc import Callable
from typing import Any

from celery.signals import worker_ready

from chatroom.celery import app

__all__ = ["app"]

HALT_AT: dict[str, str] = json.loads(os.environ.get("HALT_AT", "{}"))
AT_ONCE = 50
"""Whoever stands still within a turn does not give it back."""
_lock = threading.Lock()


@worker_ready.connect
def lay_in_wait(**_facts: Any) -> None:
    from agents.runs import turns

    turns._turns = turns.Turns(AT_ONCE)
    for point in {place.partition("#")[0] for place in HALT_AT.values()}:
        module, name = point.split(":")
        home = importlib.import_module(module)
        setattr(home, name, halting(point, getattr(home, name)))


def halting(point: str, work: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(work)
    def halt(*args: Any, **kwargs: Any) -> Any:
        room, kind = whereabouts(args)
        with _lock:
            is_here = HALT_AT.get(room) in (point, f"{point}#{kind}")
            if is_here:
                del HALT_AT[room]
        if is_here:
            print(halted(room), flush=True)
            threading.Event().wait()
        return work(*args, **kwargs)

    return halt


def halted(room: str) -> str:
    return f"stands still in {room}."


def whereabouts(args: tuple[Any, ...]) -> tuple[str, str]:
    """The room, and the kind of step if it is about one."""
    from agents.models import Step, Task
    from agents.runs.life import Run
    from rooms.models import Event

    for one in args:
        match one:
            case [Step() as step, *_] | Run(step=step) | (Step() as step):
                return step.task.room.slug, str(step.kind)
            case Task() as task:
                return task.room.slug, ""
            case int():
                return Event.objects.values_list("room__slug", flat=True).get(pk=one), ""
    return "", ""
