"""Told after the commit. The handlers are named in `settings.EVENT_HANDLERS`: Celery tasks, given the event's id,
idempotent.

Only events of *watched* rooms are pending: in a room where nobody upstairs listens, a message costs no queue. An
event stays pending until its tasks are queued; what a dead broker or a crash left behind, `dispatch_leftovers` of the
relay process finds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from celery import Task
from django.conf import settings
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from . import background, prepared
from .models import Event

log = logging.getLogger(__name__)

QUEUED = "UPDATE rooms_event SET pending = false WHERE id = ANY(%(events)s)"

Told = tuple[int, str]
"""An event's id and type."""


@cache
def handlers_of(type: str) -> tuple[Task, ...]:
    """The tasks themselves, not signatures by name: a signature of a task not yet imported ignores eager mode."""
    names: Sequence[str] = settings.EVENT_HANDLERS.get(type, ())
    return tuple(import_string(name) for name in names)


def has_handlers(type: str) -> bool:
    return bool(settings.EVENT_HANDLERS.get(type))


class Dispatcher:
    """Queues the handlers of events on one thread, in order: what comes while it is at it goes together with what comes
    next, on one connection and with one mark. A broker that hangs holds up this thread and nobody else."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Told] = []
        self.is_at_it = False

    def put(self, event: Told) -> None:
        with self.lock:
            self.waiting.append(event)
            if self.is_at_it:
                return
            self.is_at_it = True
        background.executor().submit(self.work)

    def work(self) -> None:
        while events := self.take():
            try:
                background.with_connection(queue, events)
            except Exception as error:  # the broker's client raises a dozen kinds; what stays pending is the remedy
                log.warning("could not queue the handlers of events from %s on: %s", events[0][0], error)

    def take(self) -> list[Told]:
        with self.lock:
            events, self.waiting = self.waiting, []
            self.is_at_it = bool(events)
        return events


_dispatcher = Dispatcher()


def dispatch(event_id: int, type: str) -> None:
    """Queue the handlers of an event from a thread of its own: a hung broker must not hold up whoever spoke."""
    _dispatcher.put((event_id, type))


def queue(events: Sequence[Told]) -> None:
    """Queue the handlers of each, then mark the events, up to the first that could not be queued. A crash between the
    two queues twice: handlers are idempotent."""
    queued: list[int] = []
    try:
        for event_id, type in events:
            for task in handlers_of(type):
                task.delay(event_id)
            queued.append(event_id)
    finally:
        if queued:
            prepared.execute(QUEUED, {"events": queued})


def dispatch_leftovers(*, older_than: float = 2.0, limit: int = 500) -> int:
    """Queue what is still pending after some seconds. Returns how many events; raises what the broker raises."""
    left = Event.objects.filter(pending=True, created_at__lt=Now() - timedelta(seconds=older_than))
    events = list(left.order_by("created_at").values_list("pk", "type")[:limit])
    queue(events)
    return len(events)
