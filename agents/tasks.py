"""Celery's doors. Everything here may be called twice, late or never: PostgreSQL knows what is to be done."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.db import OperationalError

from rooms import background
from rooms.errors import NotFound

from .context.occasions import is_volunteer
from .models import McpServer, Step
from .money import alarms, anomalies
from .routing import probing
from .runs import forgetting, housekeeping, sweeping, thoughts
from .runs import life as runs
from .runs.laying import begin
from .runs.turns import note_arrival, turn
from .switches.pauses import pause_of
from .together import forgetting as together_forgetting
from .tools import mcp_asking
from .triggers import scheduling, waking

log = logging.getLogger(__name__)

watch_costs = anomalies.watch_costs  # Celery looks for its tasks in modules of this name
deliver_alarms = alarms.deliver_alarms

AT_ONCE = 5.0
"""Seconds. The longest answer still fits behind it into the time a task of the queue may take."""


@shared_task
def wake(event_id: int) -> None:
    """Somebody said something. The first answer is written right here: a second queue would delay its first word."""
    began = time.monotonic()
    note_arrival()
    with turn(hurry=True):
        laid = waking.laid_for(event_id)
        run = runs.begin_laid(laid.steps[0], laid.claim) if laid.steps else None
    if laid.steps[1:]:
        background.executor().submit(background.with_connection, begin_and_queue, laid.steps[1:])
    if run is not None:
        follow(began, runs.see_through(run))


def begin_and_queue(steps: list[Step]) -> None:
    """The other answers: everybody sees at once that they will come, and other threads or workers write them."""
    for step in steps:
        with suppress(NotFound):  # whoever runs it will find out the same, and end it
            alone = step.kind == Step.Kind.COMPLETE  # contributions are of one answer
            if alone and not is_volunteer(step.task) and pause_of(step.task) is None:
                begin(step.task)
    queue(step.pk for step in steps)


@shared_task
def run_step(step_id: str) -> None:
    follow(time.monotonic(), runs.run(UUID(step_id)))


def follow(began: float, ready: list[UUID]) -> None:
    """What comes next is done right here as long as that is soon; several steps at once are shared with others."""
    while ready and time.monotonic() - began < AT_ONCE:
        queue(ready[1:])
        ready = runs.run(ready[0])
    queue(ready)


@shared_task
def sweep() -> None:
    """Beat calls this each five seconds, and so may the relay: end what is dead, queue what was lost."""
    lost = sweeping.sweep()
    queue(lost.steps)
    for event_id in lost.events:
        send(wake, event_id)
    for event_id in lost.taken_back:
        send(forget, event_id)


@shared_task
def forget(event_id: int) -> None:
    """Words were taken away: what is kept of them elsewhere goes too. What keeps it from being done, the sweeper knows
    by the mark that is missing."""
    try:
        with turn():
            for floor in (forgetting, thoughts, together_forgetting):
                floor.forget(event_id)
            forgetting.mark(event_id)
    except OperationalError as error:
        log.warning("what was taken back with event %s is forgotten a little later: %s", event_id, error)


@shared_task
def ask_mcp_servers(name: str = "") -> None:
    """Beat calls this each minute, the admin for one server: what they offer is looked at anew."""
    if name:
        for server in McpServer.objects.filter(name=name):
            mcp_asking.ask(server)
    mcp_asking.ask_those_due()


@shared_task
def tidy() -> None:
    """Beat calls this each hour: what is kept for a time only, and what was deleted long enough ago."""
    from .services.sessions import forget_deleted  # the services queue tasks themselves

    housekeeping.tidy()
    forget_deleted()


@shared_task
def keep_schedules() -> None:
    """Beat calls this twice a minute: whoever is to speak at this minute does, once."""
    with turn():
        steps = scheduling.keep()
    queue(steps)


@shared_task
def probe() -> None:
    """Beat calls this each minute."""
    probing.probe()


@shared_task
def ask_deployments(ids: list[int]) -> None:
    """Somebody of the staff wants to know how they are, now."""
    probing.ask_these(ids)


def queue(steps: Iterable[UUID]) -> None:
    for step in steps:
        send(run_step, str(step))


def send(task: object, *arguments: object) -> None:
    """Queue, or leave it to the sweeper when the broker is away."""
    try:
        task.delay(*arguments)  # type: ignore[attr-defined]
    except Exception as error:  # the broker's client raises a dozen kinds; the step stays waiting, which is the remedy
        log.warning("could not queue %s: %s", arguments, error)
