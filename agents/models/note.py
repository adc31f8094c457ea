from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from rooms.models import Room, User

from .task import Task

LONGEST_NOTE = 4_000


class RoomNote(models.Model):
    """A page of a room's notepad, for people and agents who read the room. A title is given once a room.

    `run` is the answer in which an agent wrote what stands there now: when that answer or its question is taken back,
    so is the note.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="notes")
    title = models.CharField(max_length=80)
    body = models.TextField(max_length=LONGEST_NOTE, blank=True)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    run = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="notes")
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[RoomNote]] = models.Manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint("room", Lower("title"), name="note_title_once")]

    def __str__(self) -> str:
        return self.title
