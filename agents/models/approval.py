from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from rooms.ids import uuid7
from rooms.models import User

from .step import Step


class Approval(models.Model):
    """A person is asked whether a tool may do what cannot be undone. Its step is held until somebody decides.

    `sha256` binds it to one tool with these arguments, for this agent, before these readers (`approvals.binding`); the
    arguments themselves are the step's. What has become another thing since is asked for anew: then this one is
    *expired*, and a step has one that counts at most.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        DENIED = "denied"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    sha256 = models.CharField(max_length=64)
    asked_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Approval]] = models.Manager()

    class Meta:
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["step"], name="approval_counts_once", condition=Q(state__in=["waiting", "approved"])
            ),
            models.CheckConstraint(
                name="approval_state", condition=Q(state__in=["waiting", "approved", "denied", "expired"])
            ),
            models.CheckConstraint(
                name="approval_is_decided", condition=Q(state="waiting") | Q(decided_at__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="approval_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.step.tool}: {self.state}"
