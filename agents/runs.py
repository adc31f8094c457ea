"""The life of a run in a worker: claim a step, do its work, write its end, wake what waited for it."""

from __future__ import annotations

import logging
from uuid import UUID

from . import endings
from .claims import Claim, claim
from .models import Reason, Status, Step
from .outcomes import Outcome
from .steps import WORK

log = logging.getLogger(__name__)

RELATED = ("task__room", "task__agent__user", "task__seat", "task__trigger_message__author", "task__reply__room")


def run(step_id: UUID) -> list[UUID]:
    """Do a step, if it is there to be done; the steps that are ready after it. Called twice, it is done once."""
    mine = claim(step_id)
    return carry_out(Step.objects.select_related(*RELATED).get(pk=step_id), mine) if mine else []


def run_laid(step: Step) -> list[UUID]:
    """The same for a step that was laid out just now: all that `RELATED` would fetch is there."""
    mine = claim(step.pk)
    return carry_out(step, mine) if mine else []


def carry_out(step: Step, mine: Claim) -> list[UUID]:
    outcome = work(step, mine)
    if outcome is None or not endings.end_step(step, mine.fence, outcome):
        log.warning("run %s was ended by somebody else; what it wrote since does not count", step.task_id)
        return []
    return ready_after(step) if outcome.status == Status.DONE else []


def work(step: Step, mine: Claim) -> Outcome | None:
    """The outcome of a step, whatever goes wrong in it: a run always ends with a reason."""
    try:
        return WORK[step.kind](step, mine)
    except Exception as error:
        log.exception("run %s failed by a fault of our own", step.task_id)
        return Outcome(Reason.ERROR, endings.text_shown(step.task.reply), error=type(error).__name__[:32])


def ready_after(step: Step) -> list[UUID]:
    """Steps that needed this one and nothing else any more."""
    return list(Step.objects.ready().filter(needs=step).values_list("pk", flat=True))
