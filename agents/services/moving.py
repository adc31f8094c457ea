"""Agents as files: out of one house and into another, the same there and back. No keys, no ids, nobody's name."""

from __future__ import annotations

from typing import Any

from rooms.models import User

from ..models import Agent
from ..registry.facts import snapshot_of
from .registry import create_agent, require_editor, require_may_make

FORMAT = "chatroom.agent/1"


def export_agent(*, agent: Agent, by: User) -> dict[str, Any]:
    """All of what it is. Only for those who may change it, since it tells how it is told."""
    require_editor(by, agent)
    return {"format": FORMAT, "username": agent.user.username, **snapshot_of(agent)}


def import_agent(*, by: User, username: str, **facts: Any) -> Agent:
    """A new agent out of what an export said: theirs, and private until they say otherwise. Raises like a new one."""
    require_may_make(by, facts)
    facts.pop("format", None)
    return create_agent(owner=by, username=username, note="Imported", visibility=Agent.Visibility.PRIVATE, **facts)
