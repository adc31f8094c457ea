from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .message import Message
from .room import Room
from .user import User


class Event(models.Model):
    """A numbered fact in a room's log. See `rooms.events` for the rules.

    `data` holds ids and small facts, never a message's text: frames are drawn from the message as it is now.
    `pending` is true until its handlers have been queued.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    type = models.CharField(max_length=32)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="+")
    about = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    visible_to = ArrayField(models.BigIntegerField(), null=True)
    moderators_only = models.BooleanField(default=False)
    pending = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["room", "seq"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="event_number")]
        indexes = [models.Index(fields=["created_at"], name="event_pending", condition=Q(pending=True))]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"
