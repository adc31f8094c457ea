"""What is kept of agents that work together, beside the steps: what people wished for, and what was disputed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rooms.ids import uuid7
from rooms.models import Message, User

from .conduct import Coordination
from .task import Task


class Wish(models.Model):
    """How the author of a message would like it to be answered, whatever the room's own way is.

    `agents` are usernames; none means whoever would answer here. Kept with the message, so it is there when it is told.
    With `approves_plans` a plan waits for people, also where the room does not ask for that.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="wish")
    coordination = models.CharField(max_length=13, choices=Coordination.choices)
    agents = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    reviewed = models.BooleanField(default=False)
    approves_plans = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager[Wish]] = models.Manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="wish_coordination", condition=Q(coordination__in=Coordination.values)),
        ]

    def __str__(self) -> str:
        return self.coordination


class Stance(models.TextChoices):
    """Of one agent on a point; and which of the two a decision follows."""

    AGREE = "agree", "It holds"
    DISAGREE = "disagree", "It does not hold"


class Dispute(models.Model):
    """A point on which agents differed: who took which stance on what evidence, and whose word counts for now.

    `decided_by` is the agent that resolved it or, since people may flip it, a person; `earlier` are the decisions
    before. Nothing is chosen yet where the resolver could not say. When question or answer is taken back, the words go.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="disputes")
    number = models.PositiveSmallIntegerField()
    point = models.CharField(max_length=600, blank=True)
    positions: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    chosen = models.CharField(max_length=8, choices=Stance.choices, blank=True)
    why = models.CharField(max_length=600, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    earlier: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)

    objects: ClassVar[models.Manager[Dispute]] = models.Manager()

    class Meta:
        ordering = ["task", "number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="dispute_once"),
            models.CheckConstraint(name="dispute_chosen", condition=Q(chosen__in=["", *Stance.values])),
        ]

    def __str__(self) -> str:
        return self.point[:60]
