"""Told after the commit. The handlers are named in `settings.EVENT_HANDLERS`: Celery tasks, given the event's id,
idempotent.

Only events of *watched* rooms are pending: in a room where nobody upstairs listens, a message costs no queue. An
event stays pending until its tasks are queued; what a dead broker or a crash left behind, `dispatch_leftovers` of the
relay process finds.
"""

from __future__ import annotations

import logging
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

QUEUED = "UPDATE rooms_event SET pending = false WHERE id = %(event)s"


@cache
def handlers_of(type: str) -> tuple[Task, ...]:
    """The tasks themselves, not signatures by name: a signature of a task not yet imported ignores eager mode."""
    names: Sequence[str] = settings.EVENT_HANDLERS.get(type, ())
    return tuple(import_string(name) for name in names)


def has_handlers(type: str) -> bool:
    return bool(settings.EVENT_HANDLERS.get(type))


def dispatch(event_id: int, type: str) -> None:
    """Queue the handlers of an event from a thread of its own: a hung broker must not hold up whoever spoke."""
    background.executor().submit(background.with_connection, queue_or_leave, event_id, type)


def queue_or_leave(event_id: int, type: str) -> None:
    try:
        queue(event_id, type)
    except Exception as error:  # the broker's client raises a dozen kinds; the event stays pending, which is the remedy
        log.warning("could not queue the handlers of event %s: %s", event_id, error)


def queue(event_id: int, type: str) -> None:
    """Queue every handler, then mark the event. A crash between the two queues twice: handlers are idempotent."""
    for task in handlers_of(type):
        task.delay(event_id)
    prepared.execute(QUEUED, {"event": event_id})


def dispatch_leftovers(*, older_than: float = 2.0, limit: int = 500) -> int:
    """Queue what is still pending after some seconds. Returns how many events; raises what the broker raises."""
    left = Event.objects.filter(pending=True, created_at__lt=Now() - timedelta(seconds=older_than))
    events = list(left.order_by("created_at").values_list("pk", "type")[:limit])
    for event_id, type in events:
        queue(event_id, type)
    return len(events)
