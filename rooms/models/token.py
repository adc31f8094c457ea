from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .room import Room
from .user import User


class Scope(models.TextChoices):
    READ = "read"
    WRITE = "write"
    MODERATE = "moderate"
    ADMIN = "admin"


class ApiToken(models.Model):
    """A key that speaks for its user, within its scopes and, when it is `bound`, its rooms. Only a SHA-256 of the
    secret is kept. A bound token whose rooms are gone opens nothing: losing the last one must not open all others.

    A plain hash is right here: the secret has 256 random bits, so there is nothing to guess slowly.
    """

    Scope = Scope

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=64)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices))
    bound = models.BooleanField(default=False)
    rooms = models.ManyToManyField(Room, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="token_scopes",
                condition=Q(scopes__contained_by=["read", "write", "moderate", "admin"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
