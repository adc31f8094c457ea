"""Deployments that nobody has called lately are asked for one token, where `LLM_PROBE_SECONDS` says so.

A probe goes through breaker and limits like any call, so that it is also what finds a provider back again; the house
pays for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import aclosing

from django.conf import settings

from rooms import background, prepared

from ..llm.candidates import Candidate
from ..llm.port import Deadlines, Finish, LLMError, Request, Text, Turn, Usage
from ..models import Deployment, Purpose
from ..money.charging import house_pays
from .admission import Closed, Leave, admit
from .routes import candidate_of

log = logging.getLogger(__name__)

DEADLINES = Deadlines(connect=5, first_token=15, idle=5, total=20)
WORDS = "Say yes."
AT_ONCE = 8

DUE = """
    UPDATE agents_health h SET probed_at = clock_timestamp() FROM agents_deployment d
     WHERE d.id = h.deployment_id AND d.enabled
       AND coalesce(greatest(h.tried_at, h.probed_at), '-infinity')
           < clock_timestamp() - make_interval(secs => %(idle)s)
    RETURNING h.deployment_id
"""


def probe() -> int:
    """Ask those that are due, each by one process only; how many that were."""
    if not settings.LLM_PROBE_SECONDS:
        return 0
    due = [row[0] for row in prepared.fetch(DUE, {"idle": settings.LLM_PROBE_SECONDS})]
    return ask_these(due)


def ask_these(due: list[int]) -> int:
    found = Deployment.objects.filter(pk__in=due).select_related("route", "health")
    candidates = [candidate_of(one, request_for(one)) for one in found]
    if candidates:
        background.run(ask_all(candidates), 4 * DEADLINES.total)
    return len(candidates)


def request_for(deployment: Deployment) -> Request:
    return Request(deployment.model, (Turn("user", WORDS),), {"max_tokens": 1}, DEADLINES)


async def ask_all(candidates: Iterable[Candidate]) -> None:
    few = asyncio.Semaphore(AT_ONCE)

    async def in_turn(candidate: Candidate) -> None:
        async with few:
            await ask(candidate)

    await asyncio.gather(*(in_turn(candidate) for candidate in candidates))


async def ask(candidate: Candidate) -> None:
    """Whatever comes of it is written down where calls of people are."""
    leave = Closed(0) if candidate.obstacle else await admit(candidate)
    if isinstance(leave, Closed):
        return
    try:
        usage = await hear(candidate, leave)
        await leave.succeeded(usage)
    except LLMError as error:
        usage = error.usage or Usage()
        if error.kind == "empty":  # it answered, and its one token was no word
            await leave.succeeded(usage)
        else:
            log.warning("%s was asked whether it lives: %s", candidate.breaker, error)
            await leave.failed(error)
    except BaseException:
        await leave.unused()
        raise
    await house_pays(Purpose.PROBE, candidate, usage)


async def hear(candidate: Candidate, leave: Leave) -> Usage:
    usage = Usage()
    async with aclosing(candidate.backend.stream(candidate.request)) as parts:
        async for part in parts:
            if isinstance(part, Text) and leave.first_word is None:
                await leave.spoke()
            if isinstance(part, Finish):
                usage = part.usage
    return usage
