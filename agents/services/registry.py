"""Who the agents are: made, changed, copied, shared and retired."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from auditlog.context import set_extra_data
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from rooms.errors import Conflict, Forbidden, Invalid, NotFound
from rooms.models import Room, User

from ..models import Agent, Seat
from ..registry.facts import OF_USER, VERSIONED, differing, set_facts, snapshot_of
from . import versions
from .seats import unseat_agent

RESERVED = frozenset({"new", "import"})

MOST = 50
"""How many agents a person has, unless they are staff: each takes a name for good."""


def may_make(user: User) -> bool:
    """Whether they may make agents at all: staff always, others as `AGENT_MAKERS` says."""
    if user.kind != User.Kind.HUMAN:
        return False
    return settings.AGENT_MAKERS == "everyone" or is_staff_of_agents(user)


def is_staff_of_agents(user: User) -> bool:
    return user.has_perm("agents.add_agent")


def may_change(user: User, agent: Agent) -> bool:
    return user.has_perm("agents.change_agent") or (agent.owner_id is not None and agent.owner_id == user.pk)


def first_visibility(user: User) -> str:
    """What staff makes is for everybody, what people make is theirs, until they say otherwise."""
    return Agent.Visibility.PUBLIC if is_staff_of_agents(user) else Agent.Visibility.PRIVATE


def require_may_make(user: User, facts: Mapping[str, Any]) -> None:
    """Raises Forbidden, Conflict when they have enough of them, Invalid when a model is not theirs to name."""
    if not may_make(user):
        raise Forbidden("Only staff makes agents here.")
    if is_staff_of_agents(user):
        return
    if Agent.objects.filter(owner=user, draft=False, retired_at=None).count() >= MOST:
        raise Conflict(f"You have {MOST} agents. Retire one first.")
    require_may_name(facts.get("model", ""))


def require_may_name(model: str) -> None:
    if model:
        raise Invalid(fields={"model": ["Which model an agent speaks with is for staff to say."]})


def create_agent(*, owner: User | None, username: str, note: str = "", **facts: Any) -> Agent:
    """A new agent and the user it speaks through. Raises Conflict for a taken name, Invalid naming what is wrong."""
    name = username.strip().lower()
    if name in RESERVED:
        raise Invalid(fields={"username": ["Choose another name: this one is an address of the house."]})
    user = User(username=name, kind=User.Kind.AGENT)
    user.set_unusable_password()
    agent = Agent(user=user, owner=owner)
    set_facts(agent, facts)
    try:
        with transaction.atomic():
            user.save()
            agent.save()
            versions.keep_version(agent, owner, note or "Made")
    except IntegrityError:
        raise Conflict("Somebody already has this name.") from None
    return agent


def change_agent(*, agent: Agent, by: User, note: str = "", **facts: Any) -> Agent:
    """Change what an agent is or how it behaves everywhere; what it is writing right now goes on as it began.

    A change of what it is makes a version; the same again makes none, and neither does switching it off.
    """
    require_editor(by, agent)
    with transaction.atomic():
        agent = locked(agent)
        changed = differing(agent, facts)
        if "model" in changed and not by.has_perm("agents.change_agent"):
            require_may_name(facts["model"])
        if set(changed) & set(VERSIONED):
            versions.keep_what_is(agent, agent.owner)
        set_facts(agent, facts)
        save(agent, changed, by, note)
    return agent


def save(agent: Agent, changed: Collection[str], by: User, note: str) -> None:
    of_user = [name for name in changed if name in OF_USER]
    of_agent = [name for name in changed if name not in OF_USER]
    if of_user:
        agent.user.save(update_fields=of_user)
    if set(changed) & set(VERSIONED):
        agent.version += 1
        of_agent.append("version")
        versions.keep_version(agent, by, note)
    if of_agent:
        with set_extra_data({"actor": by}):  # for the audit, whichever door it came by
            agent.save(update_fields=of_agent)


def restore_version(*, agent: Agent, number: int, by: User) -> Agent:
    """Make it what it was. A version of its own: what came between stays."""
    require_editor(by, agent)
    snapshot = versions.version_of(agent, number).snapshot
    known = {name: value for name, value in snapshot.items() if name in VERSIONED}
    return change_agent(agent=agent, by=by, note=f"As in version {number}", **known)


def copy_agent(*, agent: Agent, by: User, username: str) -> Agent:
    """The same under another name, theirs and private. Only for those who may read all of it: who may change it."""
    require_editor(by, agent)
    facts = snapshot_of(agent)
    require_may_make(by, facts)
    note = f"Copied from @{agent.user.username}, version {agent.version}"
    return create_agent(owner=by, username=username, note=note, visibility=Agent.Visibility.PRIVATE, **facts)


def share_agent(
    *, agent: Agent, by: User, users: Collection[str] | None = None, rooms: Collection[str] | None = None
) -> None:
    """Say with whom and with which rooms it is shared; None leaves that as it is. Raises Invalid."""
    require_editor(by, agent)
    people = None if users is None else neighbours_named(by, agent, users)
    places = None if rooms is None else rooms_named(by, agent, rooms)
    with transaction.atomic():
        if people is not None:
            agent.shared_with.set(people)
        if places is not None:
            agent.shared_rooms.set(places)


def neighbours_named(by: User, agent: Agent, names: Collection[str]) -> list[User]:
    """People they share a room with, or shared it with before: a directory of everybody is not for everybody."""
    wanted = {name.strip().lower().removeprefix("@") for name in names} - {""}
    known = User.objects.filter(memberships__room__memberships__user=by) | User.objects.filter(shared_agents=agent)
    found = list(known.filter(username__in=wanted, kind=User.Kind.HUMAN, is_active=True).distinct())
    missing = sorted(wanted - {user.username for user in found})
    if missing:
        raise Invalid(fields={"shared_with": [f"You share no room with anybody called «{'», «'.join(missing)}»."]})
    return found


def rooms_named(by: User, agent: Agent, slugs: Collection[str]) -> list[Room]:
    """Rooms they are in, or shared it with before."""
    known = Room.objects.live().filter(memberships__user=by) | Room.objects.live().filter(shared_agents=agent)
    found = list(known.filter(slug__in=slugs).distinct())
    missing = sorted(set(slugs) - {room.slug for room in found})
    if missing:
        raise Invalid(fields={"shared_rooms": [f"You are in no room «{'», «'.join(missing)}»."]})
    return found


def retire_agent(*, agent: Agent, by: User) -> None:
    """Send it out of every room and strike it off the registry. Its name stays taken: what it said stays its own."""
    require_editor(by, agent)
    if not Agent.objects.filter(pk=agent.pk, retired_at=None).update(retired_at=Now(), enabled=False):
        raise NotFound
    for seat in Seat.objects.filter(agent=agent).select_related("room", "agent__user"):
        unseat_agent(seat=seat, by=agent.user)


def require_editor(by: User, agent: Agent) -> None:
    if not may_change(by, agent):
        raise Forbidden("Only its owner changes an agent.")


def locked(agent: Agent) -> Agent:
    """As it is now, and nobody else changes it before the transaction ends. Raises NotFound when it was retired."""
    rows = Agent.objects.select_for_update(of=("self",)).select_related("user", "owner")
    found = rows.filter(pk=agent.pk, retired_at=None).first()
    if found is None:
        raise NotFound
    return found
