from __future__ import annotations

from django.db import models

from .token import ApiToken
from .user import User


class Revocation(models.Model):
    """Someone's sign-in, or one session or token of theirs, has ended: open sockets of it must close.

    With neither `session_hash` nor `token` it concerns every connection of the user.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    session_hash = models.CharField(max_length=64, blank=True)
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="revocation_at")]

    def __str__(self) -> str:
        return f"{self.reason} of {self.user}"
