"""What an agent is doing right now, for those who may read its answer. Where nothing carries that, nothing is said."""

from __future__ import annotations

import inspect
from importlib import import_module

from rooms import background

from .models import Task


def tell_status(task: Task, status: str, detail: str = "") -> None:
    """From a thread; a status is a courtesy and never in the way."""
    try:
        tell = import_module("agents.status").tell_status
    except (ImportError, AttributeError):
        return
    told = tell(task, status, detail)
    if inspect.iscoroutine(told):
        background.submit(told)
