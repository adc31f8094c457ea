from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from rooms.models import Message, Room

from .task import Task


class Bound(models.TextChoices):
    """What may stop a chain of agents; the names of the fields of `Conduct` that say how much is allowed."""

    DEPTH = "max_depth"
    TURNS = "max_turns"
    COST = "max_cost_micros"
    SECONDS = "max_seconds"


class Chain(models.Model):
    """What one human message has set going, once agents answer one another or work together: the turns taken by all of
    them together.

    There is none for a message that was only answered. `bound` is what stopped it first, and `told_at` when the room
    was told, once. A scheduled turn has no human message: the chain it begins has its answer for a root.
    """

    root = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="chain")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    turns = models.PositiveIntegerField(default=0)
    bound = models.CharField(max_length=15, choices=Bound.choices, blank=True)
    started_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Chain]] = models.Manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [models.CheckConstraint(name="chain_bound", condition=Q(bound__in=["", *Bound.values]))]
        indexes = [
            models.Index(fields=["root"], name="chain_untold", condition=Q(told_at=None) & ~Q(bound="")),
        ]

    def __str__(self) -> str:
        return f"{self.turns} turns"


class Wait(models.Model):
    """A stretch of time in which a step waited for people: none of it counts for its chain.

    A trigger on the steps begins and ends it (`migrations/0005_teams.py`), since they are let go, refused, changed and
    dropped in many ways. `step` is an id alone: of a plan that people change the steps are gone, and their time stays.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="waits")
    step = models.UUIDField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Wait]] = models.Manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["step"], name="wait_open_once", condition=Q(until=None)),
            models.CheckConstraint(name="wait_ends_after_it_began", condition=Q(until=None) | Q(until__gte=F("since"))),
        ]

    def __str__(self) -> str:
        return f"since {self.since}"
