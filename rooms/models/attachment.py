from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q

from ..ids import uuid7
from .message import Message
from .room import Room
from .user import User

FOLDER = "attachments"
SHARD = 2
"""Letters of a name that make its folder: 256 of them, so that none grows long and each can be looked through alone."""


def new_key() -> str:
    return secrets.token_hex(20)


def unguessable(attachment: Attachment, ending: str) -> str:
    """Where a file is kept: nothing of what its owner called it, and no number one could count up."""
    return f"{FOLDER}/{attachment.key[:SHARD]}/{attachment.key}.{ending}"


class Attachment(models.Model):
    """A file in a room: its uploader's alone until a message of theirs carries it, then for whoever may read that.

    A picture was drawn anew when it came (`rooms.pictures`), with a `thumbnail` for the conversation and a `view` for
    models; any other file is kept as it is, and only ever handed out as a download. `place` is its place among those of
    its message, `key` the beginning of its files' names. The files go with the row: see `rooms.signals`.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        FILE = "file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="attachments")
    uploader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="attachments", db_index=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments", db_index=False
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True)
    key = models.CharField(max_length=40, unique=True, default=new_key, editable=False)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    name = models.CharField(max_length=120)
    alt = models.CharField(max_length=280, blank=True)
    content_type = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    file = models.FileField(upload_to=unguessable)
    thumbnail = models.FileField(upload_to=unguessable, blank=True)
    view = models.FileField(upload_to=unguessable, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Attachment]] = models.Manager()

    class Meta:
        ordering = ["message_id", "place", "id"]
        default_permissions = ("view", "delete")
        constraints = [
            models.CheckConstraint(name="attachment_kind", condition=Q(kind__in=["image", "file"])),
            models.CheckConstraint(
                name="attachment_place",
                condition=Q(message=None, place=None) | Q(message__isnull=False, place__gte=1),
            ),
            models.CheckConstraint(
                name="attachment_picture_is_measured",
                condition=Q(kind="image", width__gte=1, height__gte=1) & ~Q(thumbnail="") & ~Q(view="")
                | Q(kind="file", width=None, height=None, thumbnail="", view=""),
            ),
            models.UniqueConstraint(fields=["message", "place"], name="attachment_order"),
        ]
        indexes = [
            models.Index(fields=["uploader", "created_at"], name="attachment_unposted", condition=Q(message=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.size} bytes, {self.pk}"

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE

    @property
    def paths(self) -> list[str]:
        """The names of its files in the storage."""
        return [file.name for file in (self.file, self.thumbnail, self.view) if file.name]
