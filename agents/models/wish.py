from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rooms.models import Message

from .conduct import Coordination


class Wish(models.Model):
    """How the author of a message would like it to be answered, whatever the room's own way is.

    `agents` are usernames; none means whoever would answer here. Kept with the message, so it is there when it is told.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="wish")
    coordination = models.CharField(max_length=13, choices=Coordination.choices)
    agents = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    reviewed = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Wish]] = models.Manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="wish_coordination", condition=Q(coordination__in=Coordination.values)),
        ]

    def __str__(self) -> str:
        return self.coordination
