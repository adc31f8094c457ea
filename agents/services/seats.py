from __future__ import annotations

from django.db import IntegrityError, transaction

from rooms.errors import Conflict, Invalid, NotFound
from rooms.events import record
from rooms.models import Membership, Room, User
from rooms.services.memberships import begin_membership, remove_member
from rooms.services.messages import lock_room

from ..models import Agent, Coordination, Seat
from ..models.task import LIVE, Reason, Task
from .runs import stop


def seat_agent(*, room: Room, agent: Agent, by: User, trigger: str = Seat.Trigger.MENTION) -> Seat:
    """Bring an agent into a room. Its user becomes a member, and the room's messages are told to agents from now on."""
    check_trigger(trigger)
    if not agent.enabled:
        raise Invalid(fields={"agent": ["This agent is switched off."]})
    try:
        with transaction.atomic():
            room = lock_room(room)
            Room.objects.filter(pk=room.pk).update(watched=True)
            begin_membership(room=room, user=agent.user, role=Membership.Role.MEMBER, by=by)
            seat = Seat.objects.create(room=room, agent=agent, trigger=trigger, added_by=by)
            tell(seat, "seat.added", by)
    except IntegrityError:
        raise Conflict(f"{agent.user.username} is in this room already.") from None
    return seat


def change_seat(*, seat: Seat, by: User, trigger: str) -> Seat:
    """Change when the agent answers here. What it is writing right now it finishes."""
    check_trigger(trigger)
    with transaction.atomic():
        lock_room(seat.room)
        seat = as_it_is(seat)
        if seat.trigger != trigger:
            seat.trigger = trigger
            seat.save(update_fields=["trigger"])
            tell(seat, "seat.changed", by)
    return seat


def unseat_agent(*, seat: Seat, by: User) -> None:
    """Send an agent out. What it is writing breaks off within a second, its words so far stay."""
    room, user = seat.room, seat.agent.user
    with transaction.atomic():
        room = lock_room(room)
        seat = as_it_is(seat)
        tell(seat, "seat.removed", by)
        seat.delete()
        Room.objects.filter(pk=room.pk).update(watched=is_watched(room))
        if Membership.objects.filter(room=room, user=user).exists():
            remove_member(room=room, user=user, by=by)
    # Only now: the end of a run locks the message before the room, and this transaction held the room.
    for task in Task.objects.filter(room=room, agent=seat.agent_id, status__in=LIVE):
        stop(task, Reason.UNSEATED)


def is_watched(room: Room) -> bool:
    """Also without agents, where they worked together: when a message is taken back, what they said of it has to go."""
    together = Task.objects.filter(room=room).exclude(pattern=Coordination.SEPARATE)
    return Seat.objects.filter(room=room).exists() or together.exists()


def as_it_is(seat: Seat) -> Seat:
    """The seat now that the room is locked. Raises NotFound when somebody was quicker."""
    found = Seat.objects.select_related("room", "agent__user", "added_by").filter(pk=seat.pk).first()
    if found is None:
        raise NotFound
    return found


def check_trigger(trigger: str) -> None:
    if trigger not in Seat.Trigger.values:
        raise Invalid(fields={"trigger": [f"One of {', '.join(Seat.Trigger.values)}."]})


def tell(seat: Seat, type: str, by: User) -> None:
    user = seat.agent.user
    data = {"agent": user.username, "display_name": user.name, "trigger": seat.trigger, "by": by.username}
    record(seat.room, type, actor=by, data=data)
