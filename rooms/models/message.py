from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q

from ..audience import Reader, readable
from ..ids import uuid7
from .room import Room
from .user import User


class MessageQuerySet(models.QuerySet["Message"]):
    def readable_by(self, reader: Reader) -> MessageQuerySet:
        """What this reader may see, by the one rule in `rooms.audience`."""
        return self.filter(readable(reader))


class Message(models.Model):
    """What someone said.

    `seq` is the number of the event that first showed it: its place in the timeline, for good.
    `html` is drawn from `body` once, when it is written; both are emptied by withdrawal and redaction.
    `fingerprint` is a keyed hash of what was first sent, so that a resend is known from a clash after an edit too.
    `attached` counts its attachments, so that a message without any is read without looking for them.
    `visible_to` holds user ids, the author's among them; NULL means every reader of the room.
    """

    class State(models.TextChoices):
        WRITING = "writing"
        VISIBLE = "visible"
        HELD = "held"
        REDACTED = "redacted"
        WITHDRAWN = "withdrawn"
        INTERRUPTED = "interrupted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    seq = models.BigIntegerField(editable=False)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="messages", db_index=False)
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.VISIBLE)
    mentions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="replies")
    thread = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="thread_messages")
    visible_to = ArrayField(models.BigIntegerField(), null=True, blank=True)
    client_id = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=32, blank=True)
    run = models.UUIDField(null=True, blank=True, db_index=False)
    notice = models.CharField(max_length=280, blank=True)
    attached = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["room", "seq"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="message_place"),
            models.UniqueConstraint(
                fields=["room", "author", "client_id"],
                name="message_once",
                condition=~Q(client_id=""),
            ),
            models.CheckConstraint(
                name="message_state",
                condition=Q(
                    state__in=[
                        "writing",
                        "visible",
                        "held",
                        "redacted",
                        "withdrawn",
                        "interrupted",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="message_recalled_is_empty",
                condition=~Q(state__in=["redacted", "withdrawn"]) | Q(body="", html="", attached=0),
            ),
        ]
        indexes = [
            models.Index(fields=["author", "-created_at"], name="message_by_author"),
            models.Index(fields=["created_at"], name="message_writing", condition=Q(state="writing")),
            GinIndex(
                SearchVector("body", config="simple"), name="message_words", condition=Q(state="visible")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.author} in {self.room}, {self.seq}"

    @property
    def is_recalled(self) -> bool:
        return self.state in (self.State.REDACTED, self.State.WITHDRAWN)


class MessageRevision(models.Model):
    """What a message said before an edit. Emptied with the message when that is withdrawn or redacted."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    body = models.TextField(blank=True)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"revision {self.pk} of {self.message_id}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once")]

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user}"


class Report(models.Model):
    """A reader asks the moderators to look at a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view", "change")
        constraints = [models.UniqueConstraint(fields=["message", "reporter"], name="report_once")]

    def __str__(self) -> str:
        return f"report {self.pk} by {self.reporter}"
