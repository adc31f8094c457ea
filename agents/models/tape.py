from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from .step import Step


class Tape(models.Model):
    """What a provider sent in one call of a step, part by part, so that the turn can be played again without it.

    Text is a string, anything else an object; `request` are the hashes and small facts of what was asked, none of its
    words. One that is `passed` has what the gates let through until the step ended, instead of what was sent: so it is
    of whatever a gate changed or cut, and of what was stopped.

    It is gone with the answer or the question: a trigger of the database takes it when either is taken back or the room
    is deleted, and housekeeping when it is old.
    """

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="tapes", db_index=False)
    number = models.PositiveSmallIntegerField()
    request_sha256 = models.CharField(max_length=64)
    request: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    parts: models.JSONField[list[Any], list[Any]] = models.JSONField(default=list)
    passed = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[Tape]] = models.Manager()

    class Meta:
        ordering = ["step", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["step", "number"], name="tape_once")]
        indexes = [
            models.Index(fields=["request_sha256"], name="tape_of_request"),
            models.Index(fields=["created_at"], name="tape_at"),
        ]

    def __str__(self) -> str:
        return f"call {self.number} of step {self.step_id}"
