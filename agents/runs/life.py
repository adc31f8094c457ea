"""The life of a run in a worker: claim a step, begin its work, wait for it, write its end, wake what waited for it.

What comes before the wait and what comes after it each take a turn (`turns`); the wait itself costs a thread only.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import Q

from ..models import Reason, Status, Step
from ..outcomes import Outcome
from ..steps import WORK, Begun
from ..together.work import is_aside
from . import endings, keeping, turns
from .claims import Claim, claim
from .turns import turn

log = logging.getLogger(__name__)

CALLING = 0.02
"""Seconds for which the loop is let make a call before anything else is done."""
LATEST = 0.1
"""Seconds for which what is seen of an answer may be put off for others that begin."""

RELATED = (
    "task__room",
    "task__agent__user",
    "task__seat",
    "task__requester",
    "task__trigger_message__author",
    "task__reply__room",
    "agent__user",
)


@dataclass(slots=True)
class Run:
    """A step that is ours, under way. `seen`: what is to be done meanwhile is done."""

    step: Step
    mine: Claim
    begun: Begun
    seen: bool = False

    @property
    def fence(self) -> int:
        return self.mine.fence

    def meanwhile(self) -> None:
        if not self.seen:
            self.seen = True
            self.begun.meanwhile()


def run(step_id: UUID) -> list[UUID]:
    """Do a step, if it is there to be done; the steps that are ready after it. Called twice, it is done once."""
    turns.note_arrival()
    with turn(hurry=True):
        mine = claim(step_id)
        run = begin(Step.objects.select_related(*RELATED).get(pk=step_id), mine) if mine else None
    return see_through(run) if run else []


def begin_laid(step: Step, mine: Claim | None = None) -> Run | None:
    """Begin a step that was laid out just now: all that `RELATED` would fetch is there. Wants to be in a turn."""
    mine = mine or claim(step.pk)
    return begin(step, mine) if mine else None


def begin(step: Step, mine: Claim) -> Run:
    """What is to be done while it goes on is done right here, unless others wait to begin something themselves."""
    keeping.keep(mine, keeping.BEGINNING)
    try:
        run = Run(step, mine, WORK[step.kind](step, mine))
    except Exception as error:
        run = Run(step, mine, Begun.ended(fault(step, error)))
    keeping.keep(mine, run.begun.longest + keeping.ENDING)
    if not turns.others_hurry():
        run.begun.called.wait(CALLING)
        run.meanwhile()
    return run


def see_through(run: Run) -> list[UUID]:
    """Wait for the outcome and write it down, whatever it is: a run always ends with a reason."""
    try:
        return _see_through(run)
    finally:
        keeping.let_go(run.mine)


def _see_through(run: Run) -> list[UUID]:
    outcome = outcome_of(run)
    if run.begun.is_held:
        return []
    with turn():
        if outcome is None or not written_down(run.step, run.fence, outcome):
            log.warning("run %s was ended by somebody else; what it wrote since does not count", run.step.task_id)
            return []
        return ready_after(run.step) if outcome.status == Status.DONE or is_aside(run.step) else []


def written_down(step: Step, fence: int, outcome: Outcome) -> bool:
    """What the database will not have must not keep a run from ending: then it ends as a fault of our own."""
    try:
        return endings.end_step(step, fence, outcome)
    except (OperationalError, InterfaceError):
        raise  # it is away; the sweeper ends the run when it is back
    except Exception as error:
        return endings.end_step(step, fence, fault(step, error))


def let_others_begin(run: Run) -> None:
    """As long as one comes after another, and nothing of ours waits for it."""
    latest = time.monotonic() + LATEST
    while time.monotonic() < latest and (pause := turns.until_quiet()) > 0:
        if run.begun.wanted.wait(pause):
            return


def outcome_of(run: Run) -> Outcome | None:
    if not run.seen:
        let_others_begin(run)
        with turn(hurry=run.begun.wanted.is_set()):
            run.meanwhile()
    try:
        return run.begun.outcome.result(run.begun.longest)
    except Exception as error:
        return fault(run.step, error)


def fault(step: Step, error: Exception) -> Outcome:
    log.error("run %s failed by a fault of our own", step.task_id, exc_info=error)
    return Outcome(Reason.ERROR, endings.text_shown(step.task.reply), error=type(error).__name__[:32])


def ready_after(step: Step) -> list[UUID]:
    """Steps that needed this one and nothing else any more, or what came to nothing with it."""
    if step.is_last:
        return []
    after = Q(needs=step) | Q(needs__needs=step) if is_aside(step) else Q(needs=step)
    return list(Step.objects.ready().filter(after).distinct().values_list("pk", flat=True))
