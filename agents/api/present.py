"""Agents, seats and runs as JSON."""

from __future__ import annotations

from typing import Any

from rooms.api.present import person, time
from rooms.models import User

from ..approvals import may_decide
from ..inside.provenance import Provenance, Source
from ..models import Agent, Approval, Seat, Step, Usage
from ..models.agent import BOUNDS
from ..registry.facts import ROUTED, value_of
from ..runs.statuses import IDLE, Standing
from ..services.registry import may_change
from ..tools.uses import arguments_of
from .together_json import contribution, disputes

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


def seat(found: Seat, standing: Standing = IDLE) -> Facts:
    return {
        "agent": person(found.agent.user),
        "persona": found.agent.persona,
        "trigger": found.trigger,
        "keywords": found.keywords,
        "schedule": found.schedule,
        "instruction": found.instruction,
        "scheduled_by": found.scheduled_by and found.scheduled_by.username,
        "status": standing.doing.value,
        "status_detail": standing.detail,
        "status_since": time(standing.since),
        "tools": [tool for tool in found.agent.tools if tool not in found.tools_off],
        "tools_off": found.tools_off,
        "added_by": found.added_by and found.added_by.username,
        "created_at": time(found.created_at),
    }


def run(story: Provenance) -> Facts:
    """A run as far as one reader may know it."""
    found = story.task
    return {
        "id": found.pk,
        "room": found.room.slug,
        "agent": person(found.agent.user),
        "requester": found.requester and found.requester.username,
        "trigger_message": found.trigger_message_id,
        "root_message": story.root and story.root.message.pk,
        "slot": time(found.slot),
        "queued_at": time(found.queued_at),
        "message": found.reply_id,
        "alternative_of": found.alternative_of_id,
        "pattern": found.pattern,
        "agent_version": found.agent_version,
        "attempt": found.attempt,
        "depth": found.depth,
        "status": found.status,
        "reason": found.reason,
        "notice": found.notice,
        "prompt_tokens": story.prompt_tokens,
        "completion_tokens": story.completion_tokens,
        "cost_micros": story.cost_micros,
        "cancel_requested_at": time(found.cancel_requested_at),
        "created_at": time(found.created_at),
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
        "disputes": disputes(found),
        "steps": [step(one, story) for one in story.steps],
    }


def step(found: Step, story: Provenance) -> Facts:
    """Its prompt's hash only for those who may read all of its sources as they were: of a short message, a hash tells
    the words."""
    shown = story.shows_words_of(found)
    return {
        "id": found.pk,
        "kind": found.kind,
        "agent": found.agent and found.agent.user.username,
        "title": found.title if shown else "",
        "contribution": contribution(found) if shown else None,
        "routed": found.input.get("routed", "") if shown else "",
        "needs": [other.pk for other in found.needs.all()],
        "status": found.status,
        "held": found.held,
        "attempt": found.attempt,
        "error": found.error,
        "tool": tool_use(found, story) if found.kind == Step.Kind.TOOL else None,
        "output": output_of(found) if shown and found.kind != Step.Kind.TOOL else {},
        "prompt": found.prompt_id,
        "prompt_sha256": found.prompt_sha256 if found.prompt_sha256 and story.shows_hash_of(found) else None,
        "pictures": found.pictures if shown and story.shows_hash_of(found) else [],
        "prompt_tokens": found.prompt_tokens,
        "unseen_sources": len(set(found.read) - story.readable.keys()),
        "usage": [usage(one) for one in found.usages.all()],
        "started_at": time(found.started_at),
        "ended_at": time(found.ended_at),
    }


def output_of(found: Step) -> Facts:
    """What came of it besides the words of the answer itself."""
    return {name: value for name, value in found.output.items() if name not in ("message", "said")}


def tool_use(found: Step, story: Provenance) -> Facts:
    """A tool sees nothing that a reader of the answer may not. Of what was held since, only that there is something."""
    shown = story.shows_words_of(found)
    return {
        "name": found.tool,
        "arguments": found.input.get("arguments", "") if shown else "",
        "result": found.output.get("result") if story.shows_result_of(found) else None,
        "error": found.output.get("error", "") if shown else "",
        "read": [id for id in found.read if id in story.readable],
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
        "message": task.reply_id,
        "room": task.room.slug,
        "run": task.pk,
        "agent": person(task.agent.user),
        "requester": found.requester and person(found.requester),
        "trigger": found.trigger and source(found.trigger),
        "root": found.root and source(found.root),
        "depth": task.depth,
        "attempt": task.attempt,
        "alternative_of": task.alternative_of_id,
        "pattern": task.pattern,
        "agent_version": task.agent_version,
        "status": task.status,
        "reason": task.reason,
        "notice": task.notice,
        "prompts": [prompt.sha256 for prompt in found.instructions],
        "tools": [tool_use(one, found) for one in found.steps if one.kind == Step.Kind.TOOL],
        "calls": calls_of(found),
        "model": found.model,
        "prompt_tokens": found.prompt_tokens,
        "completion_tokens": found.completion_tokens,
        "cost_micros": found.cost_micros,
        "estimated": found.estimated,
        "sources": [source(one) for one in found.sources],
        "unseen_sources": found.unseen,
        "reproducible": found.reproducible,
        "differences": found.differences,
        "steps": [step(one, found) for one in found.steps],
        "created_at": time(task.created_at),
        "started_at": time(task.started_at),
        "ended_at": time(task.ended_at),
    }


def calls_of(found: Provenance) -> list[Any]:
    """Each call of a model: by which route and deployment, and what was tried before it."""
    return [call for one in found.steps if found.shows_words_of(one) for call in one.output.get("calls", [])]


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


def approval(found: Approval, reader: User) -> Facts:
    step = found.step
    task = step.task
    return {
        "id": found.pk,
        "run": task.pk,
        "step": step.pk,
        "message": task.reply_id,
        "agent": person((step.agent or task.agent).user),
        "requester": task.requester and task.requester.username,
        "tool": step.tool,
        "arguments": "" if task.is_recalled else arguments_of(step),
        "state": found.state,
        "asked_at": time(found.asked_at),
        "expires_at": time(found.expires_at),
        "decided_by": found.decided_by and found.decided_by.username,
        "decided_at": time(found.decided_at),
        "may_decide": found.state == Approval.State.WAITING and may_decide(reader, task),
    }
