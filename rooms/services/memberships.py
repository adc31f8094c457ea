from __future__ import annotations

from django.db import transaction

from .. import roles
from ..errors import Conflict, Forbidden, Invalid, NotFound
from ..events import record
from ..models import Membership, Room, User
from ..roles import Role
from .messages import lock_room
from .rooms import began


def join_room(*, room: Room, user: User) -> Membership:
    """Become a member of a public room. Already being one changes nothing."""
    if not room.is_public or room.kind != Room.Kind.ROOM:
        raise Forbidden("This room is joined by invitation.")
    return begin_membership(room=room, user=user, role=Role.MEMBER, by=user)


def begin_membership(*, room: Room, user: User, role: str, by: User) -> Membership:
    """Make somebody a member; whoever is one already keeps the role they have. Starts with everything read."""
    with transaction.atomic():
        room = lock_room(room)
        membership, created = Membership.objects.get_or_create(
            room=room, user=user, defaults={"role": role, "read_seq": room.last_seq}
        )
        if created:
            record(
                room,
                "membership.began",
                actor=by,
                about=user,
                data=began(user, role) | {"by": by.username},
            )
    return membership


def add_member(*, room: Room, user: User, role: str, by: User) -> Membership:
    """Bring somebody in. Nobody can give a role above their own, and guests stay guests. Conflict if they are here."""
    check_role(role)
    if user.kind == User.Kind.GUEST and role != Role.GUEST:
        raise Invalid(fields={"role": ["A guest account can only be a guest."]})
    if not user.is_active or user.kind == User.Kind.SYSTEM:
        raise Invalid(fields={"username": ["This account cannot be added."]})
    if role != Role.GUEST:
        require_rank(room, by, role, or_equal=True)
    if Membership.objects.filter(room=room, user=user).exists():
        raise Conflict(f"{user.username} is a member already.")
    return begin_membership(room=room, user=user, role=role, by=by)


def change_role(*, room: Room, user: User, role: str, by: User) -> Membership:
    """Promote or demote. A room keeps at least one owner: the last one's demotion raises Conflict."""
    check_role(role)
    if user.is_machine and role in (Role.OWNER, Role.MODERATOR):
        raise Invalid(fields={"role": ["An agent can only be a member or a guest."]})
    if user.kind == User.Kind.GUEST and role != Role.GUEST:
        raise Invalid(fields={"role": ["A guest account can only be a guest."]})
    with transaction.atomic():
        room = lock_room(room)
        membership = membership_of(room, user)
        require_rank(room, by, membership.role)
        if membership.role == role:
            return membership
        keep_an_owner(room, membership)
        membership.role = role
        membership.save(update_fields=["role"])
        record(
            room,
            "membership.changed",
            actor=by,
            about=user,
            data=began(user, role) | {"by": by.username},
        )
    return membership


def remove_member(*, room: Room, user: User, by: User) -> None:
    """Send somebody out: their open sockets on this room close within 2 s. Needs a rank above theirs."""
    with transaction.atomic():
        room = lock_room(room)
        membership = membership_of(room, user)
        require_rank(room, by, membership.role)
        end(room, membership, by, reason="removed")


def leave_room(*, room: Room, user: User) -> None:
    """Go. The last owner cannot leave others behind: they hand the room on or delete it."""
    with transaction.atomic():
        room = lock_room(room)
        end(room, membership_of(room, user), user, reason="left")


def end(room: Room, membership: Membership, by: User, reason: str) -> None:
    keep_an_owner(room, membership)
    user = membership.user
    membership.delete()
    record(
        room,
        "membership.ended",
        actor=by,
        about=user,
        data={"username": user.username, "reason": reason, "by": by.username},
    )


def membership_of(room: Room, user: User) -> Membership:
    found = (
        Membership.objects.select_for_update(of=("self",)).select_related("user").filter(room=room, user=user).first()
    )
    if found is None:
        raise NotFound("They are not a member of this room.")
    return found


def keep_an_owner(room: Room, membership: Membership) -> None:
    """The room's row is locked, so that two owners cannot leave at once."""
    if membership.role != Role.OWNER:
        return
    if not Membership.objects.filter(room=room, role=Role.OWNER).exclude(pk=membership.pk).exists():
        raise Conflict("A room needs an owner: make somebody else one first, or delete the room.")


def require_rank(room: Room, by: User, other: str, *, or_equal: bool = False) -> None:
    """Somebody's own rank decides over whom they may; superusers are above all."""
    if by.is_superuser:
        return
    mine = Membership.objects.filter(room=room, user=by).values_list("role", flat=True).first()
    if not roles.outranks(mine, other) and not (or_equal and mine == other):
        raise Forbidden("This needs a role above theirs.")


def check_role(role: str) -> None:
    if role not in Role.values:
        raise Invalid(fields={"role": [f"One of {', '.join(Role.values)}."]})
