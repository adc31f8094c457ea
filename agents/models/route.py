from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from ..sealing import seal

NAMES = RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z", "Lower case letters, digits, dots, dashes and underscores.")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*_(?:API_KEY|TOKEN)")
"""What a variable with a provider's key is called. Any other name could send the house's own secrets out."""


def dollars(said: str) -> models.DecimalField[Any, Any]:
    """Not to be said by everybody."""
    return models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)], help_text=said
    )


class Route(models.Model):
    """A name for how agents come to a model, such as `fast`: deployments, and how one of them is chosen.

    The others are tried after it, in the order of the choice. See `agents.routing.choosing`.
    """

    class Choice(models.TextChoices):
        ORDER = "order", "in their order"
        COST = "cost", "the cheapest first"
        LATENCY = "latency", "the quickest first"
        WEIGHTED = "weighted", "at random, by weight"

    name = models.CharField(max_length=64, unique=True, validators=[NAMES])
    about = models.CharField(max_length=280, blank=True)
    choice = models.CharField(max_length=8, choices=Choice.choices, default=Choice.ORDER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Route]] = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="route_choice", condition=Q(choice__in=["order", "cost", "latency", "weighted"])
            )
        ]

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """A model at one place, with a key, a price and limits. Its name within the route is that of its breaker too.

    The key is the name of a variable of the environment, or sealed in `key_sealed`; nothing ever shows it. `continues`
    says how it goes on with an answer that another one began; see `agents.llm.resuming`.
    """

    class Lane(models.TextChoices):
        AUTO = "auto", "whichever suits"
        DIRECT = "direct", "directly"
        LITELLM = "litellm", "through LiteLLM"

    class Continues(models.TextChoices):
        NO = "", "no: it is asked to"
        ASSISTANT = "assistant", "a last turn of the assistant"
        PREFIX = "prefix", "such a turn, marked as prefix"
        VLLM = "vllm", "such a turn, as vLLM wants it"

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="deployments")
    name = models.CharField(max_length=64, validators=[NAMES])
    model = models.CharField(max_length=128, help_text="By its LiteLLM name, such as openai/gpt-4o-mini.")
    base_url = models.CharField(max_length=280, blank=True, help_text="Empty for the provider's own address.")
    api_version = models.CharField(max_length=32, blank=True, help_text="For Azure.")
    key_variable = models.CharField(
        max_length=64, blank=True, help_text="The variable of the environment with its key, such as OPENAI_API_KEY."
    )
    key_sealed = models.TextField(blank=True, editable=False)
    prompt_price = dollars("Dollars per million tokens read. Empty: LiteLLM's list.")
    completion_price = dollars("Dollars per million tokens written.")
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(3000)])
    tokens_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(2_000_000_000)],
        help_text="Told and written. A call for which there is no room at its longest is not made.",
    )
    concurrent_calls = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(1000)])
    dollars_per_day = dollars("What it may take from midnight to midnight, UTC.")
    tags = ArrayField(models.CharField(max_length=32, validators=[NAMES]), default=list, blank=True)
    weight = models.PositiveIntegerField(default=1, validators=[MaxValueValidator(1000)])
    order = models.PositiveSmallIntegerField(default=0)
    lane = models.CharField(max_length=7, choices=Lane.choices, default=Lane.AUTO)
    continues = models.CharField(max_length=9, choices=Continues.choices, default=Continues.NO, blank=True)
    sees_images = models.BooleanField(default=False)
    image_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(100_000)],
        help_text="What it counts for a picture, where that is more than its size tells: some 26000 for gpt-4o-mini.",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Deployment]] = models.Manager()

    class Meta:
        ordering = ["route", "order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["route", "name"], name="deployment_once"),
            models.CheckConstraint(name="deployment_lane", condition=Q(lane__in=["auto", "direct", "litellm"])),
            models.CheckConstraint(
                name="deployment_continues", condition=Q(continues__in=["", "assistant", "prefix", "vllm"])
            ),
            models.CheckConstraint(name="deployment_one_key", condition=Q(key_variable="") | Q(key_sealed="")),
        ]

    def __str__(self) -> str:
        return f"{self.route}/{self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        Health.objects.get_or_create(deployment=self)

    def keep_key(self, key: str) -> None:
        """This one from now on; none for an empty one. Nobody reads it again but whoever calls the model."""
        self.key_sealed = seal(key) if key else ""

    def clean(self) -> None:
        wrong = {name: said for name, said in self.problems() if said}
        if wrong:
            raise ValidationError(wrong)

    def problems(self) -> list[tuple[str, str]]:
        return [
            ("key_variable", self.problem_with_key()),
            ("base_url", problem_with_address(self.base_url)),
            ("lane", self.problem_with_lane()),
        ]

    def problem_with_key(self) -> str:
        if self.key_variable and not VARIABLE.fullmatch(self.key_variable):
            return "The name of a variable that ends in _API_KEY or _TOKEN, not the key itself."
        return "There is a sealed key already: forget that first." if self.key_variable and self.key_sealed else ""

    def problem_with_lane(self) -> str:
        direct = self.lane == self.Lane.DIRECT
        own = self.base_url and ("/" not in self.model or self.model.startswith("openai/"))
        return "Only a server at an address of its own that speaks as OpenAI does." if direct and not own else ""


def problem_with_address(address: str) -> str:
    """Addresses of one's own network are fine here: only the staff writes them."""
    try:
        there = urlsplit(address)
        if not address or (there.scheme in ("http", "https") and there.hostname and not there.username):
            return ""
    except ValueError:
        pass
    return "An address that begins with http:// or https://, without a name or password in it."


class Health(models.Model):
    """What all workers know of a deployment besides its breaker. Written by SQL alone: see `agents.routing.admission`.

    `first_word` is a moving average in seconds. `begun` are the starts of the last minute's calls, `took` the tokens of
    each; `slots` are the calls under way, each with the step that makes it, the money `held` for it, and the time after
    which it counts as dead. They are only kept where there is a limit. On the day `short_on` a call was not made for
    want of money.
    """

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, primary_key=True, related_name="health")
    first_word = models.FloatField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    calls = models.PositiveBigIntegerField(default=0)
    last_error = models.CharField(max_length=32, blank=True)
    last_words = models.CharField(max_length=400, blank=True)
    out_of_money = models.BooleanField(default=False)
    spent_on = models.DateField(null=True, blank=True)
    spent_micros = models.BigIntegerField(default=0)
    short_on = models.DateField(null=True, blank=True)
    begun = ArrayField(models.DateTimeField(), default=list, blank=True)
    took = ArrayField(models.IntegerField(), default=list, blank=True)
    slots: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    probed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Health]] = models.Manager()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "health"

    def __str__(self) -> str:
        return f"{self.deployment_id}"
