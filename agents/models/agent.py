from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from rooms.models import Room, User

from ..llm.port import Deadlines
from ..registry.parameters import validate_capabilities, validate_parameters, validate_policies, validate_tools
from .route import NAMES, Route

Bounds = tuple[float, float]
BOUNDS: dict[str, Bounds] = {
    "max_prompt_tokens": (256, 200_000),
    "max_reply_tokens": (1, 16_000),
    "context_messages": (1, 200),
    "connect_seconds": (0.1, 30),
    "first_token_seconds": (0.1, 120),
    "idle_seconds": (0.1, 120),
    "total_seconds": (0.5, 230),
}
"""What the limits of an agent may be set to. `total_seconds` stays below the time-out of the queue."""


def between(name: str) -> list[Any]:
    low, high = BOUNDS[name]
    return [MinValueValidator(low), MaxValueValidator(high)]


class Agent(models.Model):
    """A model with a persona, speaking through a user of kind *agent*.

    `model` is empty for the model of the house (`settings.LLM_MODEL`), and not asked with a `route`; of that only the
    deployments that have all of the `route_tags`. Keys and addresses of providers are never kept
    here: whoever may edit an agent could send them elsewhere.

    Who may use it, which is to see it, to seat it and to talk with it: `private`, its owner; `shared`, also those it is
    shared with, one by one or by their room; `public`, every person signed in. Once seated it answers whoever is there.

    `version` is the number of what it is now; `AgentVersion` keeps what it was. A `draft` is what its owner tries out
    in a room of their own, of a new agent or of `draft_of`; nobody else ever meets it. What was retired stays for the
    sake of what it said.
    """

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        SHARED = "shared"
        PUBLIC = "public"

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="agent")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="agents")
    persona = models.CharField(max_length=280, blank=True)
    system_prompt = models.TextField(max_length=8_000, blank=True)
    greeting = models.CharField(max_length=500, blank=True)
    capabilities = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, validators=[validate_capabilities]
    )
    model = models.CharField(max_length=128, blank=True)
    route = models.ForeignKey(Route, on_delete=models.PROTECT, null=True, blank=True, related_name="agents")
    route_tags = ArrayField(models.CharField(max_length=32, validators=[NAMES]), default=list, blank=True)
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True, validators=[validate_parameters]
    )
    tools = ArrayField(models.CharField(max_length=64), default=list, blank=True, validators=[validate_tools])
    max_prompt_tokens = models.PositiveIntegerField(default=6_000, validators=between("max_prompt_tokens"))
    max_reply_tokens = models.PositiveIntegerField(default=1_024, validators=between("max_reply_tokens"))
    context_messages = models.PositiveIntegerField(default=20, validators=between("context_messages"))
    connect_seconds = models.FloatField(default=5, validators=between("connect_seconds"))
    first_token_seconds = models.FloatField(default=20, validators=between("first_token_seconds"))
    idle_seconds = models.FloatField(default=15, validators=between("idle_seconds"))
    total_seconds = models.FloatField(default=120, validators=between("total_seconds"))
    policies = ArrayField(models.CharField(max_length=64), default=list, blank=True, validators=[validate_policies])
    visibility = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PUBLIC)
    shared_with = models.ManyToManyField(User, related_name="shared_agents", blank=True)
    shared_rooms = models.ManyToManyField(Room, related_name="shared_agents", blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    draft = models.BooleanField(default=False, editable=False)
    draft_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, editable=False, related_name="drafts")
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.CheckConstraint(
                name="agent_visibility", condition=Q(visibility__in=["private", "shared", "public"])
            ),
            models.UniqueConstraint(
                fields=["owner", "draft_of"], name="agent_draft_once", condition=Q(draft=True), nulls_distinct=False
            ),
        ] + [
            models.CheckConstraint(name=f"agent_{name}", condition=Q(**{f"{name}__gte": low, f"{name}__lte": high}))
            for name, (low, high) in BOUNDS.items()
        ]

    def __str__(self) -> str:
        return self.user.username

    @property
    def model_name(self) -> str:
        """The model it speaks with today."""
        return self.model or settings.LLM_MODEL or "scripted"

    @property
    def way(self) -> str:
        """How it comes to a model, as people are told: by a route's name, or by the model's."""
        return self.route.name if self.route is not None else self.model_name

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(
            connect=self.connect_seconds,
            first_token=self.first_token_seconds,
            idle=self.idle_seconds,
            total=self.total_seconds,
        )


TRIGGERS = ["mention", "always", "reply", "keyword", "useful", "schedule", "off"]


class Seat(models.Model):
    """How an agent behaves in one room. Its user is a member there like anybody else.

    *reply* answers whoever mentions it or replies to it; *mention* only the first; *always* every person; *keyword* who
    says one of its `keywords`; *useful* every person, but silence is an answer; *schedule* at the minutes of its
    `schedule`, written as for cron in UTC. All but *off* answer also when mentioned. `tools_off`: not to be used here.

    A scheduled turn is told the seat's `instruction`; who set it, `scheduled_by`, is who asks and pays. `last_slot` is
    the last minute that was claimed for it.
    """

    class Trigger(models.TextChoices):
        MENTION = "mention"
        ALWAYS = "always"
        REPLY = "reply"
        KEYWORD = "keyword"
        USEFUL = "useful"
        SCHEDULE = "schedule"
        OFF = "off"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="seats")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seats")
    trigger = models.CharField(max_length=8, choices=Trigger.choices, default=Trigger.MENTION)
    keywords = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    schedule = models.CharField(max_length=64, blank=True)
    instruction = models.CharField(max_length=2_000, blank=True)
    scheduled_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    last_slot = models.DateTimeField(null=True, blank=True, editable=False)
    tools_off = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    busy = False
    """Whether it has live runs, where that was asked together with the seat."""

    objects: ClassVar[models.Manager[Seat]] = models.Manager()

    class Meta:
        ordering = ["room", "id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["agent", "room"], name="seat_once"),
            models.CheckConstraint(name="seat_trigger", condition=Q(trigger__in=TRIGGERS)),
        ]

    def __str__(self) -> str:
        return f"{self.agent} in {self.room} ({self.trigger})"
