"""Trying an agent out before it is saved: a draft of it, which only its editor ever meets, in a room of their own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from rooms.models import Room, User
from rooms.services.rooms import delete_room

from ..models import Agent
from ..registry.facts import VERSIONED, set_facts
from .registry import may_change, require_may_make, require_may_name
from .sessions import begin_session


def try_out(*, by: User, agent: Agent | None, facts: Mapping[str, Any]) -> Room:
    """Make the draft what the form says, and a room to talk with it, if there is none yet. Nothing is saved of the
    agent itself. Raises Invalid naming what is wrong with the facts."""
    draft = draft_of(by, agent)
    set_facts(draft, {name: value for name, value in facts.items() if name in VERSIONED})
    require_may_try(by, agent, draft)
    with transaction.atomic():
        draft.user.save()
        draft.save()
        return room_of(draft) or begin_session(by=by, agents=[draft], name=f"Trying {draft.user.name}", listed=False)


def require_may_try(by: User, agent: Agent | None, draft: Agent) -> None:
    if agent is None:
        return require_may_make(by, {"model": draft.model})
    if draft.model != agent.model and not may_change_any(by):
        require_may_name(draft.model)


def may_change_any(user: User) -> bool:
    return user.has_perm("agents.change_agent")


def draft_of(by: User, agent: Agent | None) -> Agent:
    """Theirs of this agent, or of one that is still to be made; the rows may be new and unsaved."""
    found = drafts(by, agent).first()
    if found is not None:
        return found
    user = User(username=f"draft-{secrets.token_hex(6)}", kind=User.Kind.AGENT, display_name="New agent")
    user.set_unusable_password()
    return Agent(user=user, owner=by, draft=True, draft_of=agent, visibility=Agent.Visibility.PRIVATE)


def drafts(by: User, agent: Agent | None) -> Any:
    return Agent.objects.select_related("user").filter(draft=True, owner=by, draft_of=agent)


def room_of(draft: Agent) -> Room | None:
    """Where it is tried out, if it is."""
    return Room.objects.live().filter(seats__agent=draft, listed=False).first()


def trial_of(by: User, agent: Agent | None) -> tuple[Agent, Room] | None:
    """The draft of theirs that can be talked with now, and where."""
    if agent is not None and not may_change(by, agent):
        return None
    draft = drafts(by, agent).first()
    room = room_of(draft) if draft else None
    return (draft, room) if draft and room else None


def end_trial(*, by: User, agent: Agent | None) -> None:
    """It is saved, or they are done: the room goes, its words after it."""
    trial = trial_of(by, agent)
    if trial is not None:
        delete_room(room=trial[1], by=by)
