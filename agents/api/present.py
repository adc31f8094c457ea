"""Agents, seats and runs as JSON."""

from __future__ import annotations

from typing import Any

from rooms.api.present import person, time
from rooms.models import User

from ..facts import ROUTED, value_of
from ..models import Agent, Seat, Step, Task, Usage
from ..models.agent import BOUNDS
from ..provenance import Provenance, Source
from ..services.registry import may_change

Facts = dict[str, Any]


def agent(found: Agent, reader: User) -> Facts:
    """What it is told and how it is tuned is for those who may change it."""
    facts: Facts = {
        **person(found.user),
        "about": found.user.about,
        "persona": found.persona,
        "greeting": found.greeting,
        "capabilities": found.capabilities,
        "model": found.model_name,
        **{name: value_of(found, name) for name in ROUTED},
        "tools": found.tools,
        "policies": found.policies,
        "visibility": found.visibility,
        "version": found.version,
        "enabled": found.enabled,
        "owner": found.owner and found.owner.username,
        "created_at": time(found.created_at),
        "limits": {name: getattr(found, name) for name in BOUNDS},
    }
    if may_change(reader, found):
        facts |= {
            "system_prompt": found.system_prompt,
            "parameters": found.parameters,
            "shared_with": sorted(user.username for user in found.shared_with.all()),
            "shared_rooms": sorted(room.slug for room in found.shared_rooms.all()),
        }
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
        "agent_version": found.agent_version,
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
        "tool": tool_use(found) if found.kind == Step.Kind.TOOL else None,
        "prompt": found.prompt_id,
        "prompt_sha256": found.prompt_sha256,
        "usage": [usage(one) for one in found.usages.all()],
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
    }


def tool_use(found: Step) -> Facts:
    """For all who may read the answer: a tool sees nothing that one of them may not."""
    return {
        "name": found.tool,
        "arguments": found.input.get("arguments", ""),
        "result": found.output.get("result"),
        "error": found.output.get("error", ""),
        "read": found.read,
    }


def usage(found: Usage) -> Facts:
    return {
        "model": found.model,
        "prompt_tokens": found.prompt_tokens,
        "completion_tokens": found.completion_tokens,
        "cost_micros": found.cost_micros,
        "estimated": found.estimated,
    }


def provenance(found: Provenance) -> Facts:
    task = found.task
    return {
        "message": found.message.pk,
        "room": task.room.slug,
        "run": task.pk,
        "agent": person(task.agent.user),
        "requester": found.requester and person(found.requester),
        "trigger": found.trigger and source(found.trigger),
        "root": found.root and source(found.root),
        "agent_version": task.agent_version,
        "depth": task.depth,
        "attempt": task.attempt,
        "status": task.status,
        "reason": task.reason,
        "notice": task.notice,
        "model": found.model,
        "prompt_tokens": found.prompt_tokens,
        "completion_tokens": found.completion_tokens,
        "cost_micros": found.cost_micros,
        "estimated": found.estimated,
        "sources": [source(one) for one in found.sources],
        "unseen_sources": found.unseen,
        "reproducible": found.reproducible,
        "differences": found.differences,
        "steps": [step_behind(found, one) for one in found.steps],
        "created_at": time(task.created_at),
        "started_at": time(task.started_at),
        "ended_at": time(task.ended_at),
    }


def source(found: Source) -> Facts:
    message = found.message
    return {
        "id": message.pk,
        "seq": message.seq,
        "author": person(message.author),
        "state": message.state,
        "excerpt": found.excerpt,
        "change": found.change,
        "created_at": time(message.created_at),
    }


def step_behind(story: Provenance, found: Step) -> Facts:
    shown = found.prompt_sha256 if found.prompt_sha256 and story.shows_prompt_of(found) else None
    return step(found) | {"prompt_sha256": shown, "prompt_tokens": found.prompt_tokens}
