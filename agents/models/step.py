from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from rooms.ids import uuid7

from .agent import Agent
from .prompt import Prompt
from .task import ENDED, LIVE, Status, Task

CONTRIBUTING = ["consult", "plan", "review", "resolve"]
KINDS = ["complete", "tool", *CONTRIBUTING]


class StepQuerySet(models.QuerySet["Step"]):
    def ready(self) -> StepQuerySet:
        """Waiting for nobody, with everything it needs done, of a task that is not in the line. What others only
        contribute to it may have failed."""
        failed = Q(status__in=[Status.FAILED, Status.INTERRUPTED], kind__in=CONTRIBUTING)
        return self.filter(status=Status.WAITING, held=False, task__queued_at=None).exclude(
            needs__in=Step.objects.exclude(Q(status=Status.DONE) | failed)
        )


class Step(models.Model):
    """A node of a task's DAG. It may run when every step it needs is done.

    Whoever claims it gets a lease and the next `fence`; every later write names that fence, so that a worker that was
    believed dead changes nothing when it comes back. A step whose lease ran out is never run a second time: its text
    may have been read and its call has been paid.

    A step that *completes* asks the model. When it calls tools, each call becomes a step of the kind *tool*, with
    `tool` and `input`, and a further step that needs them completes the answer: so the loop unrolls into the DAG.

    Where several agents work together, `agent` is whose step it is (else the task's own) and `title` what it is to do.
    A step that *consults* keeps what was said in its `output` and shows nothing in the room; a *plan* lays out others;
    a *review* judges another's work; one that *resolves* chooses between them. One that is `held` waits for people.
    One whose cancelling was requested is stopped alone; the run goes on where nothing needs it.

    `read` are the messages in its prompt; `pictures` those that were shown of them, each with its attachment, its
    message and the SHA-256 of what was sent.

    `unsaid` is what a step said before its tools and the gates have not let go yet. Nobody sees it, and it is gone with
    the end of the run.
    """

    class Kind(models.TextChoices):
        COMPLETE = "complete"
        TOOL = "tool"
        CONSULT = "consult"
        PLAN = "plan"
        REVIEW = "review"
        RESOLVE = "resolve"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.COMPLETE)
    needs: models.ManyToManyField[Step, Any] = models.ManyToManyField(
        "self", symmetrical=False, related_name="needed_by", blank=True
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="steps")
    title = models.CharField(max_length=280, blank=True)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.WAITING)
    held = models.BooleanField(default=False)
    fence = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=96, blank=True)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="steps")
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    tool = models.CharField(max_length=64, blank=True)
    input: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    read = ArrayField(models.UUIDField(), default=list, blank=True)
    pictures: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(
        default=list, db_default=[], blank=True
    )
    output: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    unsaid = models.TextField(blank=True, default="", db_default="", editable=False)
    error = models.CharField(max_length=32, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    queued_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    held_on: int | None = None
    """On how many accounts its call is held, as far as this process knows. No column."""
    held_micros: int | None = None
    """How much is held on each of them, likewise."""
    is_last = False
    """Whether this process knows that nothing comes after it. No column."""

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["task", "id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="step_kind", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(name="step_status", condition=Q(status__in=[*LIVE, *ENDED])),
            models.CheckConstraint(
                name="step_runs_under_a_lease",
                condition=~Q(status="running") | Q(lease_until__isnull=False, fence__gte=1),
            ),
            models.CheckConstraint(
                name="step_ends",
                condition=Q(status__in=LIVE, ended_at=None) | Q(status__in=ENDED, ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["lease_until"], name="step_leases", condition=Q(status="running")),
            models.Index(fields=["queued_at"], name="step_waiting", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
