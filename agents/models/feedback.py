from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from rooms.models import Message, User


class Thumb(models.TextChoices):
    UP = "up", "Good"
    DOWN = "down", "Not good"


class FeedbackReason(models.TextChoices):
    GREAT = "great", "Just what was needed"
    CLEAR = "clear", "Clear"
    WRONG = "wrong", "Wrong or made up"
    UNHELPFUL = "unhelpful", "Does not help"
    OFF_TOPIC = "off_topic", "Not what was asked"
    TOO_LONG = "too_long", "Too long"
    TONE = "tone", "The wrong tone"
    UNSAFE = "unsafe", "Unsafe"
    OTHER = "other", "Something else"


class Feedback(models.Model):
    """What one person thinks of one answer, and why. For its author, moderators and staff; gone with the answer."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="feedback")
    thumb = models.CharField(max_length=4, choices=Thumb.choices)
    reasons = ArrayField(models.CharField(max_length=16, choices=FeedbackReason.choices), default=list, blank=True)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Feedback]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "feedback"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["message", "user"], name="feedback_once"),
            models.CheckConstraint(name="feedback_thumb", condition=Q(thumb__in=Thumb.values)),
            models.CheckConstraint(
                name="feedback_reasons", condition=Q(reasons__contained_by=sorted(FeedbackReason.values))
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="feedback_at")]

    def __str__(self) -> str:
        return f"{self.thumb} by {self.user}"
