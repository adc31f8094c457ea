"""Leave to call a model once: from its breaker, and within the limits of its deployment. Both count for all workers.

Limits are taken by one conditional UPDATE, so that of a thousand calls at once exactly as many get through as may. A
slot that nobody gave back, because its worker died, counts until the longest call would have ended.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from rooms import db
from rooms.errors import Unavailable

from . import breaker
from .llm.candidates import Candidate
from .llm.port import LLMError, Usage
from .retrying import patience_of

log = logging.getLogger(__name__)

OVERTIME = 60.0
"""Seconds beyond a call's own deadline for which its slot is kept."""
MONEY = ("insufficient_quota", "insufficient funds", "credit balance", "billing", "budget", "status 402")
NOT_ITS_DOING = frozenset({"cancelled", "too_large"})

BEGUN = "ARRAY(SELECT t FROM unnest(h.begun) t WHERE t > clock_timestamp() - interval '60 seconds')"
ALIVE = "(SELECT {what} FROM jsonb_each(h.slots) WHERE value::float8 > extract(epoch FROM clock_timestamp()))"
TODAY = "(clock_timestamp() AT TIME ZONE 'UTC')::date"

TAKE = f"""
    WITH taken AS (
        UPDATE agents_health h
           SET begun = CASE WHEN d.requests_per_minute IS NULL THEN '{{}}' ELSE {BEGUN} || clock_timestamp() END,
               slots = {ALIVE.format(what="coalesce(jsonb_object_agg(key, value), '{}')")} || jsonb_build_object(
                   %(call)s::text, extract(epoch FROM clock_timestamp()) + %(longest)s::float8)
          FROM agents_deployment d
         WHERE h.deployment_id = %(deployment)s AND d.id = h.deployment_id
           AND (d.requests_per_minute IS NULL OR cardinality({BEGUN}) < d.requests_per_minute)
           AND (d.concurrent_calls IS NULL OR {ALIVE.format(what="count(*)")} < d.concurrent_calls)
           AND (d.dollars_per_day IS NULL OR h.spent_on IS DISTINCT FROM {TODAY}
                OR h.spent_micros < d.dollars_per_day * 1000000)
        RETURNING 1
    )
    SELECT EXISTS (SELECT 1 FROM taken), extract(epoch FROM CASE
               WHEN h.spent_on = {TODAY} AND h.spent_micros >= d.dollars_per_day * 1000000
                   THEN (({TODAY} + 1)::timestamp AT TIME ZONE 'UTC') - clock_timestamp()
               WHEN cardinality({BEGUN}) >= d.requests_per_minute
                   THEN ({BEGUN})[1] + interval '60 seconds' - clock_timestamp() END)::float8
      FROM agents_health h JOIN agents_deployment d ON d.id = h.deployment_id
     WHERE h.deployment_id = %(deployment)s
"""  # noqa: S608  # made of the pieces above alone

TOLD = f"""
    UPDATE agents_health h
       SET slots = h.slots - %(call)s::text, calls = h.calls + 1, tried_at = clock_timestamp(),
           first_word = coalesce(h.first_word + 0.3 * (%(first_word)s::float8 - h.first_word), %(first_word)s::float8,
                                 h.first_word),
           answered_at = CASE WHEN %(error)s::text = '' THEN clock_timestamp() ELSE h.answered_at END,
           failed_at = CASE WHEN %(error)s::text = '' THEN h.failed_at ELSE clock_timestamp() END,
           failures = CASE WHEN %(error)s::text = '' THEN 0 ELSE h.failures + 1 END,
           last_error = CASE WHEN %(error)s::text = '' THEN h.last_error ELSE %(error)s::text END,
           last_words = CASE WHEN %(error)s::text = '' THEN h.last_words ELSE %(words)s::text END,
           out_of_money = %(out_of_money)s,
           spent_micros = CASE WHEN h.spent_on = {TODAY} THEN h.spent_micros ELSE 0 END + %(cost)s,
           spent_on = {TODAY}
     WHERE h.deployment_id = %(deployment)s
"""  # noqa: S608

GIVE_BACK = """
    UPDATE agents_health SET slots = slots - %(call)s::text
     WHERE deployment_id = %(deployment)s AND slots ? %(call)s::text
"""


@dataclass(frozen=True, slots=True)
class Closed:
    """No leave now. `seconds` until it may be tried; `full` when it is not broken but has enough to do."""

    seconds: float
    full: bool = False


@dataclass(slots=True)
class Leave:
    """Of one call. Whoever has it says how it went, in one of the four ways."""

    candidate: Candidate
    passed: breaker.Pass
    call: UUID = field(default_factory=uuid4)
    began: float = field(default_factory=time.monotonic)
    first_word: float | None = None

    async def spoke(self) -> None:
        """The first word is there."""
        self.first_word = time.monotonic() - self.began
        await self.passed.spoke()

    async def succeeded(self, usage: Usage) -> None:
        """One statement for both: this is on every answer's way."""
        if self.candidate.deployment is None:
            await self.passed.succeeded()
        else:
            await self.passed.tell(f"WITH well AS ({breaker.SUCCEEDED}) {TOLD}", **self.facts(usage))

    async def failed(self, error: LLMError) -> None:
        await self.passed.failed(error)
        if error.kind in NOT_ITS_DOING:
            await self.give_back()
        elif self.candidate.deployment is not None:
            await self.passed.tell(TOLD, **self.facts(error.usage or Usage(), error))

    async def unused(self) -> None:
        """The call came to nothing for reasons of ours."""
        await self.passed.unused()
        await self.give_back()

    async def give_back(self) -> None:
        if self.candidate.is_limited:
            await self.passed.tell(GIVE_BACK, call=str(self.call), deployment=self.candidate.deployment)

    def facts(self, usage: Usage, error: LLMError | None = None) -> dict[str, Any]:
        late = time.monotonic() - self.began if error is not None and error.kind == "timeout" else None
        return {
            "call": str(self.call),
            "deployment": self.candidate.deployment,
            "first_word": late if self.first_word is None else self.first_word,
            "error": error.kind if error else "",
            "words": in_words(error) if error else "",
            "out_of_money": error is not None and is_about_money(error),
            "cost": usage.cost_micros,
        }


async def admit(candidate: Candidate) -> Leave | Closed:
    """Its breaker first: what is broken does not use up a place."""
    passed = await breaker.admit(candidate.breaker, patience_of(candidate.request))
    if not isinstance(passed, breaker.Pass):
        return Closed(passed)
    leave = Leave(candidate, passed)
    wait = await take(leave) if candidate.is_limited else None
    if wait is None:
        return leave
    await passed.unused()
    return Closed(wait, full=True)


async def take(leave: Leave) -> float | None:
    """A place within the limits. None when there is one, else the seconds until there may be."""
    longest = leave.candidate.request.deadlines.total + OVERTIME
    params = {"deployment": leave.candidate.deployment, "call": str(leave.call), "longest": longest}
    try:
        row = await db.fetchrow(TAKE, params)
    except Unavailable as error:
        log.warning("the limits of %s were not counted: %s", leave.candidate.breaker, error)
        return None
    return None if row is None or row[0] else max(1.0, row[1] or 1.0)


def is_about_money(error: LLMError) -> bool:
    said = f"{error.detail} {error.message}".lower()
    return error.kind in {"busy", "refused"} and any(words in said for words in MONEY)


def in_words(error: LLMError) -> str:
    """For the staff: our sentence and the provider's own words, from which keys were taken out where they came in."""
    return f"{error.message} {error.detail}".strip()[:400]
