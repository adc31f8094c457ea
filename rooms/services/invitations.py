from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from ..errors import Forbidden, Invalid, NotFound
from ..models import Invitation, Membership, Room, User
from ..roles import Role
from .memberships import begin_membership
from .secrets import digest, new_secret

MAX_DAYS = 90


def create_invitation(
    *,
    room: Room,
    by: User,
    role: str = Role.MEMBER,
    expires_in: timedelta = timedelta(days=7),
    max_uses: int | None = None,
) -> tuple[Invitation, str]:
    """A link into the room and its secret, which is shown this once."""
    if role not in (Role.MEMBER, Role.GUEST):
        raise Invalid(fields={"role": ["An invitation makes a member or a guest."]})
    if not timedelta(0) < expires_in <= timedelta(days=MAX_DAYS):
        raise Invalid(fields={"expires_in": [f"An invitation lasts up to {MAX_DAYS} days."]})
    if max_uses is not None and not 1 <= max_uses <= 10_000:
        raise Invalid(fields={"max_uses": ["Between 1 and 10,000 uses, or none for no limit."]})
    secret, prefix, kept = new_secret("inv")
    invitation = Invitation.objects.create(
        room=room,
        prefix=prefix,
        digest=kept,
        role=role,
        created_by=by,
        expires_at=Now() + expires_in,
        max_uses=max_uses,
    )
    invitation.refresh_from_db()
    return invitation, secret


def invitations_for(room: Room, user: User) -> QuerySet[Invitation]:
    """The links into a room that still hold and that this person may see and take back: their own, and everybody's for
    those who may send people out."""
    found = Invitation.objects.usable().filter(room=room).select_related("created_by").order_by("-pk")
    return found if user.has_perm("rooms.remove_member", room) else found.filter(created_by=user)


def invitation_for(secret: str) -> Invitation:
    """The invitation behind a link, if it still holds. One answer for all that do not: NotFound."""
    found = Invitation.objects.usable().select_related("room", "created_by").filter(digest=digest(secret)).first()
    if found is None:
        raise NotFound("This invitation does not hold any more.")
    return found


def accept_invitation(*, user: User, secret: str) -> Room:
    """Come in by a link. Uses are counted exactly, and a member's second click costs none."""
    invitation = invitation_for(secret)
    role = Role.GUEST if user.kind == User.Kind.GUEST else invitation.role
    if user.is_machine:
        raise Forbidden("Agents are given a seat instead.")
    with transaction.atomic():
        if Membership.objects.filter(room=invitation.room, user=user).exists():
            return invitation.room
        if not Invitation.objects.usable().filter(pk=invitation.pk).update(uses=F("uses") + 1):
            raise NotFound("This invitation does not hold any more.")
        begin_membership(room=invitation.room, user=user, role=role, by=invitation.created_by)
    return invitation.room


def revoke_invitation(*, invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=Now())
