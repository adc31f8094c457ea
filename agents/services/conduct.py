from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from rooms.errors import Invalid
from rooms.events import record
from rooms.models import Room, User
from rooms.services.messages import lock_room

from ..models import Agent, Conduct, Seat
from ..models.conduct import ENERGY

OF_CONDUCT = frozenset({"coordination", "lead", "rounds", "approves_plans", "reviews", "whole_review"}) | ENERGY.keys()


def change_conduct(*, room: Room, by: User, **facts: Any) -> Conduct:
    """Change how agents behave together in a room; `lead` is an agent's name, nothing for none. What they are at right
    now goes on as it began."""
    if unknown := facts.keys() - OF_CONDUCT:
        raise TypeError(", ".join(unknown))
    with transaction.atomic():
        room = lock_room(room)
        conduct = Conduct.objects.select_for_update(of=("self",)).filter(room=room).first() or Conduct(room=room)
        before = {name: getattr(conduct, name) for name in facts}
        for name, value in facts.items():
            setattr(conduct, name, agent_seated(room, value) if name == "lead" else value)
        check(conduct)
        changed = sorted(name for name in facts if getattr(conduct, name) != before[name])
        if changed:
            conduct.save()
            record(room, "conduct.changed", actor=by, data={"changed": changed, "by": by.username})
    return conduct


def agent_seated(room: Room, username: str | None) -> Agent | None:
    if not username:
        return None
    seat = Seat.objects.select_related("agent__user").filter(room=room, agent__user__username=username).first()
    if seat is None:
        raise Invalid(fields={"lead": ["This agent does not sit here."]})
    return seat.agent


def check(conduct: Conduct) -> None:
    wrong = {
        name: [f"From {low:,.0f} to {high:,.0f}."]
        for name, (low, high) in ENERGY.items()
        if not low <= getattr(conduct, name) <= high
    }
    try:
        conduct.clean_fields(exclude={"room", "lead", "paused_by"})
    except ValidationError as error:
        wrong |= dict(error.message_dict)
    if wrong:
        raise Invalid(fields=wrong)
