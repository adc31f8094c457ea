"""A worker pays for what is slow the first time before anybody asks: the model's library, connections, the renderer."""

from __future__ import annotations

import gc
import logging
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from rooms import background, db, markup

from ..llm.port import backend_for
from ..models import Agent, Reason
from ..routing.routes import LITELLM, needs_litellm
from . import turns
from .watch import stop_here

log = logging.getLogger(__name__)

GRACE = 5.0
"""Seconds a run has to come to its end by itself when its worker is asked to stop."""


def connect() -> None:
    worker_ready.connect(warm_up, dispatch_uid="agents.runs.warm")
    worker_shutting_down.connect(wind_down, dispatch_uid="agents.wind_down")


def warm_up(**_: Any) -> None:
    """Beside the work, not before it: a worker that waits for a provider would keep everybody else waiting too."""
    turns.share_quickly()
    threading.Thread(target=warm, name="warm-up", daemon=True).start()


def warm() -> None:
    try:
        reaching = background.submit(reach_out())
        background.with_connection(Agent.objects.exists)
        if background.with_connection(needs_litellm):
            background.submit(backend_for(LITELLM).warm()).result()
        markup.render("`warm`", [])
        reaching.result()
        keep_what_is_there()
    except Exception as error:  # warming is a courtesy; whatever is away now will be met again by a run
        log.warning("the worker could not warm up: %s", error)


def keep_what_is_there() -> None:
    """What was imported stays: to look through it for garbage, which LiteLLM's objects make a matter of a tenth of a
    second, would stop every answer for as long."""
    gc.collect()
    gc.freeze()


async def reach_out() -> None:
    await backend_for(settings.LLM_BACKEND).warm()
    await db.fetchval("SELECT 1", again=True)


def wind_down(**_: Any) -> None:
    """What is not finished in a few seconds is broken off with its words kept, not left for the sweeper to find."""
    background.loop().call_soon_threadsafe(
        lambda: background.loop().call_later(GRACE, stop_here, Reason.WORKER_LOST.value)
    )
