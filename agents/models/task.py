from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rooms.ids import uuid7
from rooms.models import Event, Message, Room, User

from .agent import Agent, Seat
from .conduct import Coordination


class Status(models.TextChoices):
    """Of a task and of a step. The last four are the end of it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


LIVE = ("waiting", "running")
ENDED = ("done", "failed", "cancelled", "interrupted")


class Reason(models.TextChoices):
    """Why a run ended: exactly one of these, always. Those of the model carry the names of `llm.errors`."""

    ANSWERED = "answered", "Answered"
    LENGTH = "length", "Reached the longest answer allowed"
    FILTERED = "filtered", "Stopped by the provider's filter"
    BUSY = "busy", "The model has too much to do"
    DOWN = "down", "The provider is out of order"
    REFUSED = "refused", "The provider refused the request"
    TIMEOUT = "timeout", "The model took too long"
    PROTOCOL = "protocol", "The provider sent nonsense"
    TRUNCATED = "truncated", "The answer broke off"
    EMPTY = "empty", "The model said nothing"
    TOO_LARGE = "too_large", "The answer grew too long"
    UNAVAILABLE = "unavailable", "The circuit breaker is open"
    CANCELLED = "cancelled", "Stopped by a person"
    RECALLED = "recalled", "The answer or the question was taken back"
    UNSEATED = "unseated", "The agent has left the room"
    DEPARTED = "departed", "Who asked has left the room"
    LIMITED = "limited", "Refused by a step gate"
    WITHHELD = "withheld", "Refused by a reply gate"
    SILENT = "silent", "Had nothing useful to add"
    MERGED = "merged", "Answered together with a later question"
    PAUSED = "paused", "Agents are switched off here"
    QUOTA = "quota", "Who asked has used up what they may ask"
    BUDGET = "budget", "The money for this is used up"
    ENERGY = "energy", "The chain of agents reached its bound"
    DENIED = "denied", "A person did not approve"
    EXPIRED = "expired", "Nobody was free to answer in time"
    WORKER_LOST = "worker_lost", "The worker stopped"
    ERROR = "error", "A fault of our own"


class Task(models.Model):
    """One piece of agent work in a room: here, one answer. Its id is what a message calls its `run`.

    `pattern` is how several agents work on it; then `agent` is who speaks for them. `alternative_of` is the first
    answer to the question that this one stands beside, `made_from` the run whose contributions it only speaks of again;
    `agent_version` which version of the agent gave it.

    An answer is known by agent, message and attempt, so that an event delivered twice, or a seat taken twice, still
    gives one. `root_message` is the human message a chain of agents began with, `depth` how far from it this is. A turn
    by schedule answers no message and has its `slot` instead. `queued_at`: it waits for the agent's live run to end.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="tasks")
    seat = models.ForeignKey(Seat, on_delete=models.SET_NULL, null=True, related_name="tasks")
    requester = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="asked_tasks")
    trigger_message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="tasks")
    root_message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    reply = models.OneToOneField(Message, on_delete=models.SET_NULL, null=True, related_name="task")
    alternative_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="alternatives"
    )
    made_from = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    pattern = models.CharField(max_length=13, choices=Coordination.choices, default=Coordination.SEPARATE)
    agent_version = models.PositiveIntegerField(default=1)
    attempt = models.PositiveSmallIntegerField(default=1)
    depth = models.PositiveSmallIntegerField(default=0)
    slot = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.WAITING)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    notice = models.CharField(max_length=280, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Task]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("stop_task", "Can stop anybody's run")]
        constraints = [
            models.UniqueConstraint(fields=["agent", "trigger_message", "attempt"], name="task_once"),
            models.UniqueConstraint(fields=["seat", "slot"], name="task_once_a_slot"),
            models.CheckConstraint(name="task_status", condition=Q(status__in=[*LIVE, *ENDED])),
            models.CheckConstraint(name="task_reason", condition=Q(reason__in=["", *Reason.values])),
            models.CheckConstraint(name="task_pattern", condition=Q(pattern__in=Coordination.values)),
            models.CheckConstraint(name="task_attempt", condition=Q(attempt__gte=1)),
            models.CheckConstraint(
                name="task_ends_with_a_reason",
                condition=(Q(status__in=LIVE, ended_at=None, reason=""))
                | (Q(status__in=ENDED, ended_at__isnull=False) & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["room", "-id"], name="task_of_room"),
            models.Index(fields=["room"], name="task_live", condition=Q(status__in=LIVE)),
            models.Index(fields=["seat"], name="task_live_of_seat", condition=Q(status__in=LIVE)),
        ]

    def __str__(self) -> str:
        return f"{self.agent} in {self.room}: {self.status}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def audience(self) -> list[int] | None:
        """Who may hear of it: those for whom its answer is, or will be. None is everybody in the room."""
        whose = self.reply or self.trigger_message
        return whose.visible_to if whose else None

    @property
    def is_recalled(self) -> bool:
        """Question or answer was taken back: what was said and done for it is not shown from now on."""
        return any(message is not None and message.is_recalled for message in (self.reply, self.trigger_message))


class Wake(models.Model):
    """This event has been looked at: whoever had to answer it has a task, or what was kept of words it took back is
    gone. What a lost queue never delivered has no row, and the sweeper finds it. Rows are kept for a while."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Wake]] = models.Manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="wake_at")]

    def __str__(self) -> str:
        return f"event {self.pk}"
