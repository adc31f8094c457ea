"""Laying a step down until a person has approved what its tool would do. No thread and no lease is kept meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from .. import approvals
from ..models import Approval, Reason, Status, Step
from ..outcomes import Outcome
from ..runs.claims import Claim
from ..runs.endings import end_task, is_cancelled, words_of
from ..runs.status import tell_status
from ..together.work import as_its_agent
from .registry import Tool

State = Approval.State


def is_approved(step: Step, sha256: str) -> bool:
    """Somebody has approved this very use, not too long ago."""
    good = Approval.objects.filter(step=step, state=State.APPROVED, sha256=sha256, expires_at__gt=Now())
    return good.exists()


def binding_of(step: Step, tool: Tool, arguments: Mapping[str, Any]) -> str:
    return approvals.binding(tool, arguments, step.task)


def hold(step: Step, claim: Claim, sha256: str) -> None:
    """Give the claimed step back, held, and ask. Whatever was asked or approved for it before counts no more."""
    with transaction.atomic():
        mine = Step.objects.filter(pk=step.pk, fence=claim.fence, status=Status.RUNNING)
        if not mine.update(status=Status.WAITING, held=True, lease_until=None, lease_owner=""):
            return
        if is_cancelled(step.task):
            end_task(step.task, Outcome(Reason.CANCELLED, words_of(step.task)))
            return
        ask(step, sha256)
    tell_status(as_its_agent(step).task, "waiting_for_approval", step.tool)


def ask(step: Step, sha256: str) -> None:
    before = Approval.objects.filter(step=step, state__in=[State.WAITING, State.APPROVED])
    superseded = list(before)
    before.update(state=State.EXPIRED, decided_at=Now())
    until = Now() + timedelta(seconds=settings.APPROVAL_SECONDS)
    asked = Approval.objects.create(step=step, sha256=sha256, expires_at=until)
    for approval in superseded:
        approval.state, approval.step, approval.decided_by = State.EXPIRED, step, None
        approvals.tell(approval, step.task)
    approvals.tell(asked, step.task)
