from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from rooms.ids import uuid7

from .step import Step

SCOPES = ["person", "group", "room", "agent", "chain"]
PERIODS = ["day", "month", "none"]


class Account(models.Model):
    """Money that somebody or something may spend on models in one period, in millionths of a dollar.

    `key` is the id of the person, group, room, agent, or of the message that a chain began with. Without a limit it
    only counts. `held` is set aside for answers under way. Of an account made by the settings (`by_default`) the limit
    follows them. Days and months begin at midnight UTC: once `resets_at` has passed, `spent` counts as nothing.
    """

    class Scope(models.TextChoices):
        PERSON = "person"
        GROUP = "group", "Group (its members share it)"
        ROOM = "room"
        AGENT = "agent"
        CHAIN = "chain", "One question and all that came of it"

    class Period(models.TextChoices):
        DAY = "day"
        MONTH = "month"
        NONE = "none", "For ever"

    scope = models.CharField(max_length=6, choices=Scope.choices)
    key = models.CharField(max_length=36)
    period = models.CharField(max_length=5, choices=Period.choices, default=Period.DAY)
    limit_micros = models.BigIntegerField(null=True, blank=True)
    by_default = models.BooleanField(default=False, editable=False)
    spent_micros = models.BigIntegerField(default=0, editable=False)
    held_micros = models.BigIntegerField(default=0, editable=False)
    resets_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager[Account]] = models.Manager()

    class Meta:
        ordering = ["scope", "key", "period"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "period"], name="account_once"),
            models.CheckConstraint(name="account_scope", condition=Q(scope__in=SCOPES)),
            models.CheckConstraint(name="account_period", condition=Q(period__in=PERIODS)),
            models.CheckConstraint(name="account_limit", condition=Q(limit_micros=None) | Q(limit_micros__gte=0)),
            models.CheckConstraint(name="account_sums", condition=Q(spent_micros__gte=0, held_micros__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key} a {self.period}"


class Hold(models.Model):
    """What was set aside for one claim of a step before its model was called, on each of the `accounts`.

    Given back, and what was really spent taken instead, in the transaction that ends the step. The prices are those of
    the reservation, in millionths of a dollar a token: for when nobody says what was taken.
    """

    step = models.ForeignKey(Step, on_delete=models.SET_NULL, null=True, related_name="holds", db_index=False)
    fence = models.PositiveIntegerField()
    accounts = ArrayField(models.BigIntegerField())
    micros = models.BigIntegerField()
    model = models.CharField(max_length=128, blank=True)
    prompt_price = models.FloatField(default=0)
    completion_price = models.FloatField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    released_at = models.DateTimeField(null=True, blank=True)
    spent_micros = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager[Hold]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["step", "fence"], name="hold_once"),
            models.CheckConstraint(name="hold_micros", condition=Q(micros__gte=0, spent_micros__gte=0)),
        ]
        indexes = [
            models.Index(fields=["model", "-id"], name="hold_of_model"),
            models.Index(fields=["created_at"], name="hold_open", condition=Q(released_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.micros} for {self.step_id}"


class Alarm(models.Model):
    """An anomaly of cost that somebody was told of: once for each subject, kind and window."""

    scope = models.CharField(max_length=6)
    key = models.CharField(max_length=36)
    kind = models.CharField(max_length=16)
    window = models.CharField(max_length=32)
    name = models.CharField(max_length=128, blank=True)
    sentence = models.CharField(max_length=280)
    spent_micros = models.BigIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[Alarm]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["scope", "key", "kind", "window"], name="alarm_once")]

    def __str__(self) -> str:
        return self.sentence


class Delivery(models.Model):
    """An alarm on its way to one channel: made in one transaction with the alarm, tried until the other side has said
    that it has it. `id` goes along with each try, so that the other side knows a repetition.

    A try takes the row by moving `due_at` beyond its own end; who died in it is followed by another. What failed
    `agents.money.alarms.MOST` times is `dead`: only people bring it back.
    """

    class Channel(models.TextChoices):
        WEBHOOK = "webhook"
        MAIL = "mail"

    class State(models.TextChoices):
        WAITING = "waiting", "on its way"
        DONE = "done", "delivered"
        DEAD = "dead", "given up"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=7, choices=Channel.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=120, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[Delivery]] = models.Manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(fields=["alarm", "channel"], name="delivery_once"),
            models.CheckConstraint(name="delivery_channel", condition=Q(channel__in=["webhook", "mail"])),
            models.CheckConstraint(name="delivery_state", condition=Q(state__in=["waiting", "done", "dead"])),
            models.CheckConstraint(
                name="delivery_done",
                condition=Q(state="done", done_at__isnull=False) | ~Q(state="done") & Q(done_at=None),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"
