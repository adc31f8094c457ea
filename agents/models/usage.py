from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rooms.models import Room, User

from .agent import Agent
from .step import Step


class Purpose(models.TextChoices):
    """What a model was asked for."""

    ANSWER = "answer", "answers"
    CONSULT = "consult", "contributions"
    PLAN = "plan", "plans"
    REVIEW = "review", "reviews"
    RESOLVE = "resolve", "decisions"
    TRIAL = "trial", "trying agents out"
    PROBE = "probe", "whether a deployment lives"
    REPLAY = "replay", "playing runs again"
    EXCESS = "excess", "beyond what was set aside"


HOUSE_PAYS = ("probe", "replay", "excess")
"""What nobody asked for, or more than anybody was asked to pay: the house pays for it."""


class Usage(models.Model):
    """What one claim of a step took, its retries included: the ledger. Only added to.

    `estimated` when the provider did not say; costs are whole millionths of a dollar. `requester` asked, `payer` pays;
    what is for a purpose of `HOUSE_PAYS` the house pays for. Where a provider took more than was set aside, that is a
    row of its own. `route_id` is by which route the agent spoke, though it may be gone, `deployment` where its model
    was called at last. Outlives the step and the room. Probes have no agent, and are of no step.
    """

    step = models.ForeignKey(Step, on_delete=models.SET_NULL, null=True, related_name="usages")
    fence = models.PositiveIntegerField(default=0)
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.ANSWER)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="usages", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, related_name="usages", db_index=False)
    requester = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="usages", db_index=False)
    payer = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    route_id = models.BigIntegerField(null=True)
    deployment = models.CharField(max_length=129, blank=True)
    model = models.CharField(max_length=128)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    estimated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Usage]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "usage"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["step", "fence"], name="usage_once", condition=~Q(purpose="excess")),
            models.UniqueConstraint(fields=["step", "fence"], name="usage_excess_once", condition=Q(purpose="excess")),
            models.CheckConstraint(name="usage_purpose", condition=Q(purpose__in=Purpose.values)),
            models.CheckConstraint(name="usage_of_the_house", condition=~Q(purpose__in=HOUSE_PAYS) | Q(payer=None)),
            models.CheckConstraint(name="usage_of_an_agent", condition=Q(purpose="probe") | Q(agent__isnull=False)),
            models.CheckConstraint(name="usage_cost", condition=Q(cost_micros__gte=0)),
        ]
        indexes = [
            models.Index(fields=["agent", "created_at"], name="usage_by_agent"),
            models.Index(fields=["room", "created_at"], name="usage_by_room"),
            models.Index(fields=["requester", "created_at"], name="usage_by_requester"),
            models.Index(fields=["payer", "created_at"], name="usage_by_payer"),
            models.Index(fields=["created_at"], name="usage_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.prompt_tokens}+{self.completion_tokens}"
