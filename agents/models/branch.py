from __future__ import annotations

from typing import ClassVar

from django.db import models

from rooms.models import Message


class Branch(models.Model):
    """A question that its author asked once more in other words. Both stand in the room, each with its answers."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="branch")
    origin = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="branches")

    objects: ClassVar[models.Manager[Branch]] = models.Manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.message_id} from {self.origin_id}"
