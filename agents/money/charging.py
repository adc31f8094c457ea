"""Every call of a model is written into the ledger, with who pays for it."""

from __future__ import annotations

import logging
from typing import Any

from rooms import db
from rooms.errors import Unavailable

from .. import money
from ..llm.candidates import Candidate
from ..llm.port import Usage as Spent
from ..models import Purpose, Step, Usage
from ..outcomes import Outcome
from ..together.work import agent_of

log = logging.getLogger(__name__)

HOUSE_PAYS = """
    INSERT INTO agents_usage (fence, purpose, agent_id, room_id, route_id, deployment, model, prompt_tokens,
                              completion_tokens, cost_micros, estimated, created_at)
    VALUES (0, %(purpose)s, %(agent)s, %(room)s, %(route)s, %(deployment)s, %(model)s, %(prompt)s, %(completion)s,
            %(cost)s, %(estimated)s, clock_timestamp())
"""


def charge(step: Step, fence: int, outcome: Outcome) -> None:
    """One row for one claim of a step: the pair of step and fence is unique, so nothing is ever charged twice.

    Whoever asked pays no more than was set aside for it; what is missing is a row of the house's.
    """
    spent = outcome.usage
    if spent is None:
        return
    paid = spent.cost_micros if step.held_micros is None else min(spent.cost_micros, step.held_micros)
    facts = facts_of(step, fence, outcome)
    rows = [Usage(**facts, **counts_of(spent), payer=money.payer_of(step.task), purpose=purpose_of(step))]
    rows[0].cost_micros = paid
    if more := spent.cost_micros - paid:
        log.warning("step %s took %s more millionths of a dollar than were set aside", step.pk, more)
        rows.append(Usage(**facts, purpose=Purpose.EXCESS, cost_micros=more, estimated=spent.estimated))
    Usage.objects.bulk_create(rows)


def facts_of(step: Step, fence: int, outcome: Outcome) -> dict[str, Any]:
    agent = agent_of(step)
    return {
        "step": step,
        "fence": fence,
        "agent": agent,
        "room_id": step.task.room_id,
        "requester_id": step.task.requester_id,
        "route_id": agent.route_id,
        "deployment": outcome.deployment,
        "model": outcome.model or agent.model_name,
    }


def counts_of(spent: Spent) -> dict[str, Any]:
    return {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "cost_micros": spent.cost_micros,
        "estimated": spent.estimated,
    }


def purpose_of(step: Step) -> Purpose:
    if agent_of(step).draft:
        return Purpose.TRIAL
    return Purpose.ANSWER if step.kind == Step.Kind.COMPLETE else Purpose(step.kind)


async def house_pays(
    purpose: Purpose, candidate: Candidate, spent: Spent, *, agent: int | None = None, room: int | None = None
) -> None:
    """For what nobody asked for. Nothing is written where nothing was taken. Call it once for each call of a model."""
    if not (spent.prompt_tokens or spent.completion_tokens or spent.cost_micros):
        return
    facts = {
        "purpose": purpose.value,
        "agent": agent,
        "room": room,
        "route": candidate.route,
        "deployment": candidate.name,
        "model": candidate.request.model,
        "prompt": spent.prompt_tokens,
        "completion": spent.completion_tokens,
        "cost": spent.cost_micros,
        "estimated": spent.estimated,
    }
    try:
        await db.execute(HOUSE_PAYS, facts)
    except Unavailable as error:
        log.error("a call of %s is missing in the ledger: %s: %s", candidate.breaker, facts, error)
