"""The runs whose answers stand beside one another, and whether one more may."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from rooms.errors import Conflict

from ..models import Task
from ..models.task import LIVE

MOST = 12
"""So many answers may stand beside one another."""


def first_of(run: Task) -> Task:
    """The run that all alternatives name, so that a group has one head."""
    return run.alternative_of or run


def group_of(run: Task) -> QuerySet[Task]:
    """The runs that stand beside one another, this one among them, oldest first."""
    head = run.alternative_of_id or run.pk
    return Task.objects.filter(Q(pk=head) | Q(alternative_of=head)).order_by("id")


def check_one_more(run: Task) -> None:
    """One is written at a time, and there is an end to it. Wants the room to be locked. Raises Conflict."""
    beside = group_of(run)
    if beside.filter(status__in=LIVE).exists():
        raise Conflict("An answer to this is being written.")
    if beside.count() >= MOST:
        raise Conflict(f"There are {MOST} answers to this already.")
