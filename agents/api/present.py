"""Agents, seats and runs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rooms.api.present import person, rooms, time
from rooms.models import Room, User

from ..facts import ROUTED, value_of
from ..models import Agent, AgentVersion, Conduct, Coordination, Seat, Step, Task, Usage
from ..models.agent import BOUNDS
from ..provenance import Provenance, Source
from ..services.registry import may_change
from ..services.versions import changes_between, shown

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


def version(found: AgentVersion) -> Facts:
    return {
        "number": found.number,
        "note": found.note,
        "made_by": found.made_by and found.made_by.username,
        "created_at": time(found.created_at),
    }


def compared(found: AgentVersion, before: AgentVersion | None, *, to_editor: bool) -> Facts:
    """A version with all of what it is, and what differs from another."""
    now = shown(found.snapshot, to_editor=to_editor)
    was = shown(before.snapshot, to_editor=to_editor) if before else now
    changes = [{"field": one.field, "before": one.before, "after": one.after} for one in changes_between(was, now)]
    return {
        **version(found),
        "snapshot": now,
        "against": before and before.number,
        "changes": changes,
    }


def sessions(user: User, found: Sequence[Room]) -> list[Facts]:
    """Rooms as conversations, each with its agents. Two queries more, however many there are."""
    agents: dict[int, list[Facts]] = {room.pk: [] for room in found}
    for one in Seat.objects.filter(room__in=found).select_related("agent__user").order_by("pk"):
        agents[one.room_id].append(person(one.agent.user))
    conducts = dict(Conduct.objects.filter(room__in=found).values_list("room_id", "coordination"))
    return [
        {
            "id": room.slug,
            "name": room.name,
            "agents": agents[room.pk],
            "coordination": conducts.get(room.pk, Coordination.SEPARATE),
            "last_seq": facts["last_seq"],
            "unread": facts["unread"],
            "created_at": facts["created_at"],
            "deleted_at": time(room.deleted_at),
        }
        for room, facts in zip(found, rooms(user, found), strict=True)
    ]


def session(user: User, room: Room) -> Facts:
    return sessions(user, [room])[0]


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
