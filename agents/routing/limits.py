"""The limits of a deployment: requests and tokens in a minute, calls at once, dollars a day. All workers share them.

What a call takes at worst is taken before it is made, by one conditional UPDATE of one row, so that of a thousand calls
at once exactly as many get through as may; what it really took is put in its place afterwards. Slots that nobody gave
back are those of dead workers: the sweeper settles them with the step, and what it does not find counts as spent once
the longest call would have ended.

A statement has one time for all it does, its beginning; days never go backwards, though a statement may have waited for
the row over midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rooms import db, prepared

from ..llm.candidates import Candidate
from ..llm.port import Request, Usage
from ..llm.worst import worst_of

OVERTIME = 60.0
"""Seconds beyond a call's own deadline for which its slot is kept."""

NOW = "statement_timestamp()"
TODAY = f"({NOW} AT TIME ZONE 'UTC')::date"
SPENT = f"CASE WHEN h.spent_on >= {TODAY} THEN h.spent_micros ELSE 0 END"
DAY = f"greatest(h.spent_on, {TODAY})"
MINUTE = f"{NOW} - interval '60 seconds'"
LATELY = f"SELECT {{what}} FROM unnest(h.begun, h.took) AS c(at, tokens) WHERE c.at > {MINUTE}"  # noqa: S608
BEGUN = f"ARRAY({LATELY.format(what='c.at')})"
TOOK = f"ARRAY({LATELY.format(what='coalesce(c.tokens, 0)')})"
SLOTS = "SELECT {what} FROM jsonb_each(h.slots) AS s(call, facts) WHERE {which}"
ALIVE = f"(s.facts->>'until')::float8 > extract(epoch FROM {NOW})"
HELD = "coalesce(sum((s.facts->>'held')::bigint), 0)"

COUNTED = "coalesce(d.requests_per_minute, d.tokens_per_minute) IS NOT NULL"
HELD_NOW = f"({SLOTS.format(what=HELD, which='true')})"
SHORT_NOW = f"({SPENT} + greatest(1, {HELD_NOW} + %(micros)s) > d.dollars_per_day * 1000000)"
SPENT_UP = f"({SPENT} + greatest(1, %(micros)s) > d.dollars_per_day * 1000000)"

TAKE = f"""
    WITH taken AS (
        UPDATE agents_health h
           SET begun = CASE WHEN {COUNTED} THEN {BEGUN} || clock_timestamp() ELSE '{{}}' END,
               took = CASE WHEN {COUNTED} THEN {TOOK} || %(tokens)s::int ELSE '{{}}' END,
               slots = ({SLOTS.format(what="coalesce(jsonb_object_agg(s.call, s.facts), '{}')", which=ALIVE)})
                    || jsonb_build_object(%(call)s::text, jsonb_build_object('held', %(micros)s::bigint,
                       'step', %(step)s::text, 'until', extract(epoch FROM {NOW}) + %(longest)s::float8)),
               spent_micros = {SPENT} + ({SLOTS.format(what=HELD, which=f"NOT {ALIVE}")}),
               spent_on = {DAY}, short_on = NULL
          FROM agents_deployment d
         WHERE h.deployment_id = %(deployment)s AND d.id = h.deployment_id
           AND (d.requests_per_minute IS NULL OR cardinality({BEGUN}) < d.requests_per_minute)
           AND (d.tokens_per_minute IS NULL
                OR ({LATELY.format(what="coalesce(sum(c.tokens), 0)")}) + %(tokens)s <= d.tokens_per_minute)
           AND (d.concurrent_calls IS NULL OR ({SLOTS.format(what="count(*)", which=ALIVE)}) < d.concurrent_calls)
           AND {SHORT_NOW} IS NOT TRUE
        RETURNING h.begun[cardinality(h.begun)] AS at
    )
    SELECT EXISTS (SELECT 1 FROM taken), (SELECT at FROM taken),
           {SPENT_UP},
           extract(epoch FROM (({TODAY} + 1)::timestamp AT TIME ZONE 'UTC') - {NOW})::float8,
           CASE WHEN %(tokens)s > d.tokens_per_minute THEN 60.0
                WHEN {COUNTED} THEN extract(epoch FROM ({BEGUN})[1] + interval '60 seconds' - {NOW})::float8 END
      FROM agents_health h JOIN agents_deployment d ON d.id = h.deployment_id
     WHERE h.deployment_id = %(deployment)s
"""  # noqa: S608  # made of the pieces above alone

SHORT = f"""
    UPDATE agents_health SET short_on = {TODAY}
     WHERE deployment_id = %(deployment)s AND short_on IS DISTINCT FROM {TODAY}
"""  # noqa: S608

PLACE = "array_position(h.begun, %(at)s::timestamptz)"

# What an UPDATE sets that puts what a call took in the place of what was taken for it. A slot that is gone was settled
# by somebody else, who believed its worker dead.
SETTLED = f"""
    slots = h.slots - %(call)s::text,
    took = CASE WHEN {PLACE} IS NULL THEN h.took ELSE h.took[:{PLACE} - 1]
           || (h.took[{PLACE}] + %(tokens)s::int - %(taken)s::int) || h.took[{PLACE} + 1:] END,
    spent_micros = {SPENT} + CASE WHEN %(slotted)s AND NOT h.slots ? %(call)s::text THEN 0 ELSE %(cost)s END,
    spent_on = {DAY}
"""

DEAD = f"""
    UPDATE agents_health h
       SET slots = ({
    SLOTS.format(
        what="coalesce(jsonb_object_agg(s.call, s.facts), '{}')", which="s.facts->>'step' IS DISTINCT FROM %(step)s"
    )
}),
           spent_micros = {SPENT} + %(cost)s, spent_on = {DAY}
     WHERE EXISTS ({SLOTS.format(what="1", which="s.facts->>'step' = %(step)s")})
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken for a call: tokens of the minute, from when on."""

    tokens: int = 0
    at: datetime | None = None


NOTHING = Taken()


@dataclass(frozen=True, slots=True)
class Full:
    """No place now. `seconds` until there may be one; `spent` where that is for money."""

    seconds: float
    spent: bool = False


async def take(candidate: Candidate, request: Request, call: UUID, step: UUID | None) -> Taken | Full:
    """A place within the limits, if there is one. Wants a deployment that has limits."""
    worst = worst_of(request, candidate.price)
    facts: dict[str, Any] = {
        "deployment": candidate.deployment,
        "call": str(call),
        "step": str(step) if step else None,
        "tokens": worst.all_tokens,
        "micros": worst.whole,
        "longest": request.deadlines.total + OVERTIME,
    }
    row = await db.fetchrow(TAKE, facts)
    if row is None:  # it was deleted a moment ago
        return NOTHING
    taken, at, is_spent, midnight, minute = row
    if taken:
        return Taken(worst.all_tokens, at)
    if is_spent:
        await db.execute(SHORT, facts)
        return Full(float(midnight), spent=True)
    return Full(max(1.0, minute or 1.0))


def settled(taken: Taken, call: UUID, usage: Usage) -> dict[str, Any]:
    """The values that `SETTLED` wants."""
    return {
        "call": str(call),
        "slotted": taken is not NOTHING,
        "at": taken.at,
        "taken": taken.tokens,
        "tokens": usage.prompt_tokens + usage.completion_tokens,
        "cost": usage.cost_micros,
    }


def settle_dead(step: UUID, cost: int) -> None:
    """The call of a step whose worker died: what is believed to have been taken, instead of what was set aside."""
    prepared.execute(DEAD, {"step": str(step), "cost": cost})
