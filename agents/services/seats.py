from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from rooms.errors import Conflict, Invalid, NotFound
from rooms.events import record
from rooms.models import Membership, Room, User
from rooms.services.memberships import begin_membership, leave_room, remove_member
from rooms.services.messages import lock_room

from ..models import Agent, Coordination, Seat
from ..models.task import LIVE, Reason, Task
from ..triggers import keywords, schedule
from .greeting import greet
from .runs import stop

INSTRUCTION = 2_000
OF_TRIGGER = ("trigger", "keywords", "schedule", "instruction")
"""What says when an agent speaks in a room."""
OF_SEAT = (*OF_TRIGGER, "tools_off")


def seat_agent(*, room: Room, agent: Agent, by: User, trigger: str = Seat.Trigger.MENTION, **facts: Any) -> Seat:
    """Bring an agent into a room. Its user becomes a member, and the room's messages are told to agents from now on.

    The first time it greets. The caller has asked whether they may use it (`access.agent_named`).
    """
    wanted = Seat(room=room, agent=agent, added_by=by)
    set_trigger(wanted, by, trigger=trigger, **facts)
    if not agent.enabled:
        raise Invalid(fields={"agent": ["This agent is switched off."]})
    try:
        with transaction.atomic():
            room = lock_room(room)
            Room.objects.filter(pk=room.pk).update(watched=True)
            begin_membership(room=room, user=agent.user, role=Membership.Role.MEMBER, by=by)
            wanted.room = room
            wanted.save()
            tell(wanted, "seat.added", by)
            greet(wanted)
    except IntegrityError:
        raise Conflict(f"{agent.user.username} is in this room already.") from None
    return wanted


def change_seat(*, seat: Seat, by: User, **facts: Any) -> Seat:
    """Change when the agent answers here, any of `OF_TRIGGER`, or which tools it does without. What it is writing right
    now it finishes."""
    with transaction.atomic():
        lock_room(seat.room)
        seat = as_it_is(seat)
        before = [getattr(seat, name) for name in OF_SEAT]
        seat.tools_off = facts.pop("tools_off", seat.tools_off)
        set_trigger(seat, by, **facts)
        if [getattr(seat, name) for name in OF_SEAT] != before:
            seat.save(update_fields=[*OF_SEAT, "scheduled_by", "last_slot"])
            tell(seat, "seat.changed", by)
    return seat


def unseat_agent(*, seat: Seat, by: User) -> None:
    """Send an agent out; by its own user, it goes. What it is writing breaks off within a second, its words stay."""
    room, user = seat.room, seat.agent.user
    with transaction.atomic():
        room = lock_room(room)
        seat = as_it_is(seat)
        tell(seat, "seat.removed", by)
        seat.delete()
        Room.objects.filter(pk=room.pk).update(watched=is_watched(room))
        if Membership.objects.filter(room=room, user=user).exists():
            leave_room(room=room, user=user) if by == user else remove_member(room=room, user=user, by=by)
    # Only now: the end of a run locks the message before the room, and this transaction held the room.
    for task in Task.objects.filter(room=room, agent=seat.agent_id, status__in=LIVE):
        stop(task, Reason.UNSEATED)


def is_watched(room: Room) -> bool:
    """Also without agents, where they worked together: when a message is taken back, what they said of it has to go."""
    together = Task.objects.filter(room=room).exclude(pattern=Coordination.SEPARATE)
    return Seat.objects.filter(room=room).exists() or together.exists()


def as_it_is(seat: Seat) -> Seat:
    """The seat now that the room is locked. Raises NotFound when somebody was quicker."""
    found = Seat.objects.select_related("room", "agent__user", "added_by", "scheduled_by").filter(pk=seat.pk).first()
    if found is None:
        raise NotFound
    return found


def set_trigger(seat: Seat, by: User, **facts: Any) -> None:
    """Of a schedule, whoever set it asks and pays; it begins with the next minute. Raises Invalid."""
    if unknown := facts.keys() - set(OF_TRIGGER):
        raise TypeError(", ".join(unknown))
    was = seat.trigger, seat.schedule, seat.instruction
    for name, value in facts.items():
        setattr(seat, name, keywords.checked(value) if name == "keywords" else value)
    check_trigger(seat)
    if seat.trigger == Seat.Trigger.SCHEDULE and (was != (seat.trigger, seat.schedule, seat.instruction)):
        seat.scheduled_by, seat.last_slot = by, schedule.minute_of(timezone.now())


def check_trigger(seat: Seat) -> None:
    if seat.trigger not in Seat.Trigger.values:
        raise Invalid(fields={"trigger": [f"One of {', '.join(Seat.Trigger.values)}."]})
    if len(seat.instruction) > INSTRUCTION:
        raise Invalid(fields={"instruction": [f"At most {INSTRUCTION} characters."]})
    if seat.schedule or seat.trigger == Seat.Trigger.SCHEDULE:
        seat.schedule = schedule.checked(seat.schedule)
    if seat.trigger == Seat.Trigger.KEYWORD and not seat.keywords:
        raise Invalid(fields={"keywords": ["Say at least one word that it answers."]})


def tell(seat: Seat, type: str, by: User) -> None:
    user = seat.agent.user
    data = {"agent": user.username, "display_name": user.name, "trigger": seat.trigger, "by": by.username}
    record(seat.room, type, actor=by, data=data)
