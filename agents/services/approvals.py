from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from rooms.errors import Conflict
from rooms.models import User

from .. import approvals
from ..approvals import tell
from ..models import Approval, Reason, Status, Step
from ..outcomes import Outcome
from ..runs.endings import give_up, words_of
from ..runs.life import RELATED
from .runs import queue_steps

State = Approval.State


def decide_approval(*, approval: Approval, by: User, approve: bool) -> Approval:
    """Let a tool do what it asked for, or end its run, or only the contribution it was for. Raises Conflict when that
    is decided or too late.

    An approval is no order: when the step runs, all is looked at anew, and what has changed asks again.
    """
    with transaction.atomic():
        step = Step.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=approval.step_id)
        approval.step = step
        is_waiting = step.held and step.status == Status.WAITING
        if not is_waiting or not approvals.end(approval, State.APPROVED if approve else State.DENIED, by):
            raise Conflict(sentence(Approval.objects.select_related("decided_by").get(pk=approval.pk)))
        if approve:
            let_go(step)
        else:
            notice = f"@{by.username} did not approve «{step.tool}»."
            give_up(step, Outcome(Reason.DENIED, words_of(step.task), notice))
            transaction.on_commit(partial(queue_steps, step.task_id), robust=True)
        tell(approval, step.task)
    approval.refresh_from_db()
    return approval


def let_go(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(held=False, queued_at=Now())
    transaction.on_commit(partial(queue_steps, step.task_id), robust=True)


def sentence(approval: Approval) -> str:
    by = approval.decided_by
    if by is not None:
        return f"@{by.username} has decided this already."
    return "It is too late for this: the question has expired, or its run is over."
