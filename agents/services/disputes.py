from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from rooms.errors import Conflict, Invalid
from rooms.models import User

from ..models import Dispute, Stance, Task
from ..models.task import LIVE
from ..runs.laying import tell_of

MOST = 50
"""How often one decision is worth being flipped."""


def flip_dispute(*, dispute: Dispute, by: User, chosen: str, why: str = "") -> Dispute:
    """Decide otherwise than was decided before. Who did so when, and what was decided before, is kept and shown; a
    synthesis that is made anew follows it."""
    if chosen not in Stance.values:
        raise Invalid(fields={"chosen": [f"One of {', '.join(Stance.values)}."]})
    with transaction.atomic():
        found = Dispute.objects.select_for_update(of=("self",)).select_related("decided_by").get(pk=dispute.pk)
        task = task_of(found)
        check(found, task, chosen)
        if found.decided_at is not None:
            found.earlier = [*found.earlier, decision_of(found)]
        found.chosen, found.why, found.decided_by, found.decided_at = chosen, why[:600], by, Now()
        found.save(update_fields=["chosen", "why", "decided_by", "decided_at", "earlier"])
        tell_of(task, "dispute.decided", dispute=str(found.pk), chosen=chosen, by=by.username)
    return Dispute.objects.select_related("decided_by").get(pk=found.pk)


def check(dispute: Dispute, task: Task, chosen: str) -> None:
    if task.status in LIVE:
        raise Conflict("The agents are still at it.")
    if not dispute.point:
        raise Conflict("What was disputed was taken back.")
    if chosen == dispute.chosen:
        raise Conflict("That is what was decided already.")
    if len(dispute.earlier) >= MOST:
        raise Conflict("This has been decided often enough.")


def decision_of(dispute: Dispute) -> dict[str, str]:
    """As it is kept among the earlier ones."""
    by = dispute.decided_by.username if dispute.decided_by else ""
    at = dispute.decided_at.isoformat() if dispute.decided_at else ""
    return {"chosen": dispute.chosen, "why": dispute.why, "by": by, "at": at}


def task_of(dispute: Dispute) -> Task:
    return Task.objects.select_related("room", "agent__user", "reply").get(pk=dispute.task_id)
