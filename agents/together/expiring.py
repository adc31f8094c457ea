"""Plans that nobody decided about in time: their runs end."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from ..models import Reason, Status, Step, Task
from ..models.task import LIVE
from ..outcomes import Outcome
from ..runs.endings import end_task
from .work import Kind

BATCH = 200


def held_steps() -> QuerySet[Step]:
    return Step.objects.filter(held=True, status=Status.WAITING, kind=Kind.CONSULT)


def expire_plans() -> int:
    limit = Now() - timedelta(seconds=settings.PLAN_APPROVAL_SECONDS)
    old = held_steps().filter(created_at__lt=limit, task__status__in=LIVE)
    return sum(map(expire, list(old.order_by().values_list("task", flat=True).distinct()[:BATCH])))


@transaction.atomic
def expire(run_id: UUID) -> bool:
    """End the run, unless somebody is deciding right now."""
    locked = held_steps().filter(task=run_id).select_for_update(of=("self",), skip_locked=True).order_by("pk")
    if not list(locked):
        return False
    task = Task.objects.select_related("room", "agent__user", "reply__room", "trigger_message").get(pk=run_id)
    return end_task(task, Outcome(Reason.EXPIRED, notice="Nobody approved the plan in time. You can ask again."))
