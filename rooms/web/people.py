"""The people and agents beside a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..models import Membership, Room, User
from .panels import notes_of, panels_for

READ = 400
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Person:
    user: User
    role: str
    note: str


def people_of(room: Room, viewer: User) -> dict[str, Any]:
    """Agents, then people, owners first; of a large room some of them and how many more there are."""
    panels = panels_for(room, viewer)
    people = persons_in(room, notes_of(panels))
    agents = [person for person in people if person.user.is_machine]
    humans = [person for person in people if not person.user.is_machine][:SHOWN]
    more = Membership.objects.filter(room=room).count() - len(agents) - len(humans)
    return {"agents": agents, "humans": humans, "more_people": more, "panels": panels}


def persons_in(room: Room, notes: dict[str, str]) -> list[Person]:
    order = list(Membership.Role.values)
    found = Membership.objects.filter(room=room, user__is_active=True).select_related("user").order_by("user__username")
    people = [Person(own.user, own.role, notes.get(own.user.username) or note_of(own)) for own in found[:READ]]
    return sorted(people, key=lambda person: order.index(person.role))


def note_of(own: Membership) -> str:
    return "" if own.role == Membership.Role.MEMBER else own.get_role_display()
