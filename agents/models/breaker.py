from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Breaker(models.Model):
    """What all workers know of one model's health. A model without a row is well. See `agents.routing.breaker`.

    `failing_since` is when the first of its failures in a row came, and nothing while it is well.
    """

    class State(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"
        HALF_OPEN = "half_open"

    name = models.CharField(max_length=200, primary_key=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.CLOSED)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=32, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    probe = models.UUIDField(null=True, blank=True)
    probe_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Breaker]] = models.Manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(name="breaker_state", condition=Q(state__in=["closed", "open", "half_open"])),
            models.CheckConstraint(name="breaker_open_since", condition=Q(state="closed") | Q(opened_at__isnull=False)),
            models.CheckConstraint(
                name="breaker_one_probe",
                condition=~Q(state="half_open") | Q(probe__isnull=False, probe_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"
