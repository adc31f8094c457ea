from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from rooms.models import Room, User

from .agent import Agent, Bounds

ENERGY: dict[str, Bounds] = {
    "max_depth": (0, 20),
    "max_turns": (1, 200),
    "max_cost_micros": (0, 100_000_000),
    "max_seconds": (5, 3600),
}
"""What one human message may set going: how deep, how many turns, for how much, for how long."""


class Coordination(models.TextChoices):
    """How several agents answer one question. `separate`: each for itself; `auto`: a router chooses."""

    SEPARATE = "separate"
    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    HIERARCHICAL = "hierarchical"
    COLLABORATIVE = "collaborative"
    AUTO = "auto"


class Conduct(models.Model):
    """How agents behave together in one room. A room without a row has the defaults: `Conduct(room=room)`.

    Agents of a room whose `paused_at` is set say nothing: the kill switch. With `reviews` the lead judges what the
    others contribute before it is used.
    """

    room = models.OneToOneField(Room, on_delete=models.CASCADE, primary_key=True, related_name="conduct")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    pause_reason = models.CharField(max_length=280, blank=True)
    coordination = models.CharField(max_length=13, choices=Coordination.choices, default=Coordination.SEPARATE)
    lead = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    rounds = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1), MaxValueValidator(6)])
    approves_plans = models.BooleanField(default=False)
    reviews = models.BooleanField(default=False)
    whole_review = models.BooleanField(default=False)
    max_depth = models.PositiveSmallIntegerField(default=3)
    max_turns = models.PositiveSmallIntegerField(default=30)
    max_cost_micros = models.PositiveBigIntegerField(default=1_000_000)
    max_seconds = models.PositiveIntegerField(default=600)
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Conduct]] = models.Manager()

    class Meta:
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(name="conduct_coordination", condition=Q(coordination__in=Coordination.values)),
            models.CheckConstraint(name="conduct_rounds", condition=Q(rounds__gte=1, rounds__lte=6)),
            *(
                models.CheckConstraint(
                    name=f"conduct_{name}", condition=Q(**{f"{name}__gte": low, f"{name}__lte": high})
                )
                for name, (low, high) in ENERGY.items()
            ),
        ]

    def __str__(self) -> str:
        return f"agents in {self.room_id}"


def conduct_of(room: Room) -> Conduct:
    """As it is now, the defaults where nobody has said anything. One query."""
    return Conduct.objects.filter(room=room).first() or Conduct(room=room)
