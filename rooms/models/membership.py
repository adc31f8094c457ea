from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ..roles import Role
from .room import Room
from .user import User


class Membership(models.Model):
    """A person's role in a room, and how far they have read."""

    Role = Role

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.MEMBER)
    read_seq = models.BigIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="membership_once"),
            models.CheckConstraint(name="membership_role", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.room} ({self.role})"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> InvitationQuerySet:
        """Not revoked, not expired (by the database's clock), not used up."""
        return self.filter(revoked_at=None, expires_at__gt=Now(), room__deleted_at=None).filter(
            Q(max_uses=None) | Q(uses__lt=F("max_uses"))
        )


class Invitation(models.Model):
    """A link that lets whoever holds it into one room. Only a digest of the secret is kept."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="invitations")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=9, choices=[(r.value, r.label) for r in (Role.MEMBER, Role.GUEST)])
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="invitation_role", condition=Q(role__in=["member", "guest"])),
            models.CheckConstraint(
                name="invitation_not_overused",
                condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… to {self.room}"
