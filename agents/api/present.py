"""Agents, seats and runs as JSON."""

from __future__ import annotations

from typing import Any

from rooms.api.present import person, time
from rooms.models import User

from ..models import Agent, Seat, Step, Task, Usage
from ..models.agent import BOUNDS
from ..services.registry import may_change

Facts = dict[str, Any]


def agent(found: Agent, reader: User) -> Facts:
    """What it is told and how it is tuned is for those who may change it."""
    facts = {
        **person(found.user),
        "about": found.user.about,
        "persona": found.persona,
        "model": found.model_name,
        "enabled": found.enabled,
        "owner": found.owner and found.owner.username,
        "created_at": time(found.created_at),
        "limits": {name: getattr(found, name) for name in BOUNDS},
    }
    if may_change(reader, found):
        facts |= {"system_prompt": found.system_prompt, "parameters": found.parameters}
    return facts


def seat(found: Seat) -> Facts:
    return {
        "agent": person(found.agent.user),
        "persona": found.agent.persona,
        "trigger": found.trigger,
        "added_by": found.added_by and found.added_by.username,
        "created_at": time(found.created_at),
    }


def run(found: Task) -> Facts:
    return {
        "id": found.pk,
        "room": found.room.slug,
        "agent": person(found.agent.user),
        "requester": found.requester and found.requester.username,
        "trigger_message": found.trigger_message_id,
        "root_message": found.root_message_id,
        "message": found.reply_id,
        "attempt": found.attempt,
        "depth": found.depth,
        "status": found.status,
        "reason": found.reason,
        "notice": found.notice,
        "cancel_requested_at": time(found.cancel_requested_at),
        "created_at": time(found.created_at),
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
        "steps": [step(one) for one in found.steps.all()],
    }


def step(found: Step) -> Facts:
    return {
        "id": found.pk,
        "kind": found.kind,
        "needs": [other.pk for other in found.needs.all()],
        "status": found.status,
        "attempt": found.attempt,
        "error": found.error,
        "prompt": found.prompt_id,
        "prompt_sha256": found.prompt_sha256,
        "usage": [usage(one) for one in found.usages.all()],
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
    }


def usage(found: Usage) -> Facts:
    return {
        "model": found.model,
        "prompt_tokens": found.prompt_tokens,
        "completion_tokens": found.completion_tokens,
        "cost_micros": found.cost_micros,
        "estimated": found.estimated,
    }
