from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from rooms.models import User

from .agent import Agent


class AgentVersion(models.Model):
    """What an agent was from one change to the next. `Task.agent_version` names the one that gave an answer."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    snapshot: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    note = models.CharField(max_length=280, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[AgentVersion]] = models.Manager()

    class Meta:
        ordering = ["agent", "-number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["agent", "number"], name="agent_version_once"),
            models.CheckConstraint(name="agent_version_number", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.agent}, version {self.number}"
