"""Chat sessions: the private conversation of one person with one or more agents, as a room of the kind *session*.

What holds for rooms holds for them: messages, runs, live doors. Their address is their id.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from rooms.errors import Conflict, Invalid, NotFound
from rooms.events import record
from rooms.models import Message, Room, User
from rooms.services.messages import lock_room
from rooms.services.rooms import create_room, delete_room

from ..models import Agent, Conduct, Coordination, Seat, Task
from ..models.task import LIVE
from .runs import cancel_run
from .seats import seat_agent

KEPT = timedelta(days=30)
"""How long a deleted session can be restored; then it is gone for good."""

QUIET = timedelta(days=1)
"""How long a room in which an agent was tried out waits for another word."""

MOST_AGENTS = 8


def begin_session(
    *,
    by: User,
    agents: Sequence[Agent],
    coordination: str = Coordination.SEPARATE,
    name: str = "",
    listed: bool = True,
) -> Room:
    """A new conversation with these agents, who all answer. Each of them greets. Raises Invalid."""
    check_agents(agents)
    with transaction.atomic():
        room = create_room(creator=by, name=name or name_for(agents), slug=new_id(), kind=Room.Kind.SESSION)
        if not listed:
            room.listed = False
            room.save(update_fields=["listed"])
        if coordination != Coordination.SEPARATE:
            Conduct.objects.create(room=room, coordination=coordination)
        for agent in agents:
            seat_agent(room=room, agent=agent, by=by, trigger=Seat.Trigger.ALWAYS)
    return Room.objects.get(pk=room.pk)


def check_agents(agents: Sequence[Agent]) -> None:
    if not agents:
        raise Invalid(fields={"agents": ["Name at least one agent."]})
    if len({agent.pk for agent in agents}) < len(agents):
        raise Invalid(fields={"agents": ["Name each agent once."]})
    if len(agents) > MOST_AGENTS:
        raise Invalid(fields={"agents": [f"At most {MOST_AGENTS} agents."]})
    off = [agent.user.username for agent in agents if not agent.enabled]
    if off:
        raise Invalid(fields={"agents": [f"«{'», «'.join(off)}» is switched off."]})


def name_for(agents: Sequence[Agent]) -> str:
    names = [agent.user.name for agent in agents]
    whole = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return whole if len(whole) <= 80 else f"{whole[:79]}…"


def new_id() -> str:
    """Nobody can guess it, and it is an address of a room like any other."""
    return f"s-{secrets.token_hex(10)}"


def sessions_of(user: User, *, deleted: bool = False) -> QuerySet[Room]:
    """Their own, the latest first; or those they deleted and can restore."""
    own = Room.objects.filter(kind=Room.Kind.SESSION, listed=True, created_by=user)
    if deleted:
        return own.filter(deleted_at__gt=Now() - KEPT).order_by("-deleted_at", "-pk")
    return own.filter(deleted_at=None, memberships__user=user).order_by("-created_at", "-pk")


def sessions_before(user: User, slug: str, *, deleted: bool = False) -> QuerySet[Room]:
    """Those that come after this one of theirs in the list; none when it has no place there."""
    found, when = sessions_of(user, deleted=deleted), "deleted_at" if deleted else "created_at"
    last = Room.objects.filter(slug=slug, created_by=user).exclude(**{when: None}).first()
    if last is None:
        return found.none()
    at = getattr(last, when)
    return found.filter(Q(**{f"{when}__lt": at}) | Q(**{when: at}, pk__lt=last.pk))


def deleted_session(user: User, slug: str) -> Room:
    """One of theirs that they can restore. Raises NotFound; Conflict for one that is not deleted at all."""
    found = sessions_of(user, deleted=True).filter(slug=slug).first()
    if found is None:
        if sessions_of(user).filter(slug=slug).exists():
            raise Conflict("This conversation is not deleted.")
        raise NotFound
    return found


def delete_session(*, room: Room, by: User) -> None:
    """Nobody can open it, and its agents fall silent. It can be restored for 30 days."""
    for run in Task.objects.filter(room=room, status__in=LIVE):
        with suppress(Conflict):
            cancel_run(run=run, by=by)
    delete_room(room=room, by=by)


def restore_session(*, room: Room, by: User) -> Room:
    """Bring a deleted session back as it was."""
    with transaction.atomic():
        Room.objects.select_for_update().get(pk=room.pk)
        if not sessions_of(by, deleted=True).filter(pk=room.pk).update(deleted_at=None):
            raise NotFound
        room = lock_room(room)
        record(room, "room.restored", actor=by, data={"by": by.username})
    return room


def forget_deleted() -> int:
    """Sessions that were deleted long enough ago go for good, and rooms in which nothing is tried out any more, with
    all that was said in them. The ledger stays."""
    found = list((deleted_long_ago() | trials_over()).distinct()[:50])
    for room in found:
        room.delete()
    return len(found)


def deleted_long_ago() -> QuerySet[Room]:
    return Room.objects.filter(kind=Room.Kind.SESSION, deleted_at__lt=Now() - KEPT)


def trials_over() -> QuerySet[Room]:
    """Nobody can bring these back: they stand in no list."""
    old = Q(deleted_at__isnull=False) | Q(created_at__lt=Now() - QUIET) & ~Q(pk__in=spoken_in_since(QUIET))
    return Room.objects.filter(old, kind=Room.Kind.SESSION, listed=False)


def spoken_in_since(time: timedelta) -> QuerySet[Message, int]:
    recent = Message.objects.filter(room__listed=False, created_at__gt=Now() - time)
    return recent.values_list("room", flat=True)
