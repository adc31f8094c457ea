from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rooms.models import Message

from .conduct import Coordination


class Wish(models.Model):
    """How its author wants one message answered, where that is not what the room does anyway.

    `agents`: the ids of those that alone answer, whatever their seats say; empty for those that would. `coordination`:
    how they work together; empty for the room's own. Written with the message, in one transaction.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="wish")
    coordination = models.CharField(max_length=13, choices=Coordination.choices, blank=True)
    agents = ArrayField(models.BigIntegerField(), default=list, blank=True)

    objects: ClassVar[models.Manager[Wish]] = models.Manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="wish_coordination", condition=Q(coordination__in=["", *Coordination.values])),
        ]

    def __str__(self) -> str:
        return f"{self.coordination or 'as the room does'}, {self.agents or 'whoever'}"
