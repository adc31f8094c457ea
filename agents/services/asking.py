"""Saying something together with how it is to be answered: by whom alone, or how several work on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from rooms.errors import Conflict, Invalid
from rooms.models import Room, User
from rooms.services.messages import Posted, post_message

from ..models import Coordination, Seat, Wish, conduct_of

MOST = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody would like one message to be answered. No `coordination`: as the room has it. No `agents`: whoever
    would answer anyway."""

    coordination: str = ""
    agents: Sequence[str] = ()
    reviewed: bool = False
    approves_plans: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.coordination or self.agents or self.reviewed or self.approves_plans)

    def in_room(self, room: Room) -> Wanted:
        """With the room's own way where none is said. Raises Invalid for a way or an agent that is not here."""
        way = self.coordination or conduct_of(room).coordination
        if way not in Coordination.values:
            raise Invalid(fields={"coordination": [f"One of {', '.join(Coordination.values)}."]})
        return Wanted(way, names_of(room, self.agents), self.reviewed, self.approves_plans)

    def kept_with(self, message_id: str) -> Wish:
        return Wish.objects.create(
            message_id=message_id,
            coordination=self.coordination,
            agents=list(self.agents),
            reviewed=self.reviewed,
            approves_plans=self.approves_plans,
        )


def ask(
    *,
    room: Room,
    by: User,
    coordination: str = "",
    agents: Sequence[str] | None = None,
    reviewed: bool = False,
    approves_plans: bool = False,
    **said: Any,
) -> Posted:
    """Say something, all that `post_message` takes, and how it is to be answered: by whom, and how they go about it.
    The wish is there as soon as the message is. Sent again under its `client_id`, it gives the first message, and the
    first wish counts. Raises Conflict where no agent is."""
    wanted = Wanted(coordination, agents or (), reviewed, approves_plans).in_room(room)
    with transaction.atomic():
        posted = post_message(room=room, author=by, **said)
        if posted.created and not Seat.objects.filter(room=room).exists():
            raise Conflict("No agent is here to be asked.")
        if posted.created:
            wanted.kept_with(posted.message["id"])
    return posted


def names_of(room: Room, agents: Sequence[str]) -> list[str]:
    """Each once, in this order. Raises Invalid for one that has no seat here, or for too many."""
    names = list(dict.fromkeys(name.strip().removeprefix("@").lower() for name in agents))
    if len(names) > MOST:
        raise Invalid(fields={"agents": [f"At most {MOST}."]})
    found = Seat.objects.filter(room=room, agent__user__username__in=names)
    seated = set(found.values_list("agent__user__username", flat=True))
    if strange := [name for name in names if name not in seated]:
        raise Invalid(fields={"agents": [f"{strange[0]} is no agent of this room."]})
    return names
