"""The end of a run in one transaction: the step by its fence, the ledger, the task with its reason, message and events.

Whoever comes too late finds another fence or another status, changes nothing and is told so. Locks are taken in the
order step, task, message, room, here as everywhere.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Func, JSONField, Q, Value
from django.db.models.functions import Now

from rooms.errors import Conflict, NotFound
from rooms.live import streams
from rooms.models import Message
from rooms.services.messages import finish_message, interrupt_message, withdraw_message

from .. import approvals, money
from ..context.occasions import is_volunteer
from ..models import Reason, Status, Step, Task
from ..models.task import ENDED, LIVE
from ..money.charging import charge
from ..outcomes import Outcome
from ..speaking import tapes
from ..together.forgetting import forget_about
from ..together.going_on import ENDS_ALL, go_on
from ..together.work import TOGETHER, as_its_agent, is_aside
from ..tools import telling
from . import plans
from .afterwards import afterwards
from .finishing import finish
from .laying import begin, tell_of
from .status import tell_end

log = logging.getLogger(__name__)

PATIENCE = 15.0
"""Seconds for which the end is tried again when the database does not answer; after that the sweeper's word counts."""


def end_step(step: Step, fence: int, outcome: Outcome) -> bool:
    """End a step that was claimed with this fence. False when somebody else has ended it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return finish(step, fence, outcome) or _end_step(step, fence, outcome)
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > until:
                raise
            log.warning("the end of run %s could not be written yet: %s", step.task_id, error)
            time.sleep(0.5)


@transaction.atomic
def _end_step(step: Step, fence: int, outcome: Outcome) -> bool:
    mine = Step.objects.filter(pk=step.pk, fence=fence, status=Status.RUNNING)
    if not mine.update(
        status=outcome.status, ended_at=Now(), lease_until=None, error=outcome.error, **kept_of(step, outcome)
    ):
        return False
    charge(step, fence, outcome)
    money.settle(step, outcome.usage)
    if outcome.calls:
        if step.kind == Step.Kind.COMPLETE:
            keep_words(step.task, outcome.text)
        plans.use_tools(step, outcome.calls)
    if step.kind == Step.Kind.TOOL:
        transaction.on_commit(partial(telling.ended, step), robust=True)
    conclude(step, outcome)
    if step.kind in TOGETHER and not outcome.calls and step.agent_id != step.task.agent_id:
        transaction.on_commit(partial(tell_end, as_its_agent(step).task, outcome.reason), robust=True)
    tapes.keep(step, outcome.tapes)  # last: whoever takes the message back now waits for us, and then takes the tape
    return True


def conclude(step: Step, outcome: Outcome) -> None:
    """What the end of this step means for its run. Wants the transaction in which it has ended."""
    alone, ended_badly = is_stopped_alone(step, outcome), outcome.status != Status.DONE
    outcome = go_on(step, outcome, alone=alone)
    if not ((outcome.status == Status.DONE or alone) and has_more(step.task)):
        end_task(step.task, outcome)
    elif is_cancelled(step.task):
        end_task(step.task, Outcome(Reason.CANCELLED, words_of(step.task)))
    elif step.kind == Step.Kind.TOOL and ended_badly:
        approvals.close(step.task)


def give_up(step: Step, outcome: Outcome) -> None:
    """A tool that waited for people will not be used. That is the end of the run, or of the contribution it was for.
    Wants the step to be locked."""
    if not is_aside(step) or outcome.reason in ENDS_ALL:
        end_task(step.task, outcome)
        return
    Step.objects.filter(pk=step.pk, status=Status.WAITING).update(
        status=Status.FAILED, error=outcome.reason, held=False, ended_at=Now()
    )
    conclude(step, outcome)


def kept_of(step: Step, outcome: Outcome) -> dict[str, Any]:
    """What a step leaves behind: for one that completes, its message and, if it called tools, what it said before."""
    message = {"message": str(step.task.reply_id)} if step.kind == Step.Kind.COMPLETE and step.task.reply_id else {}
    kept: dict[str, Any] = {"output": message | outcome.output}
    if outcome.unsaid:
        kept["unsaid"] = outcome.unsaid
    return kept | {"read": list(outcome.read)} if outcome.read else kept


def keep_words(task: Task, text: str) -> None:
    """The step after this goes on from here, perhaps in another process."""
    Message.objects.filter(task=task, state=Message.State.WRITING).update(body=text)


def words_of(task: Task) -> str:
    """What the steps that have ended said: it stays, whatever becomes of the rest."""
    return Message.objects.filter(task=task).values_list("body", flat=True).first() or ""


def is_cancelled(task: Task) -> bool:
    return Task.objects.filter(pk=task.pk, cancel_requested_at__isnull=False).exists()


def is_stopped_alone(step: Step, outcome: Outcome) -> bool:
    """Somebody stopped this step and not the run: what does not need it goes on."""
    if outcome.reason != Reason.CANCELLED:
        return False
    return Step.objects.filter(pk=step.pk, cancel_requested_at__isnull=False).exists()


def has_more(task: Task) -> bool:
    return Step.objects.filter(task=task, status__in=LIVE).exists()


def end_task(task: Task, outcome: Outcome) -> bool:
    """Bring a task to its end with what it has to show. Steps that still wait are dropped. False when it had ended."""
    with transaction.atomic():
        forget_results(task)
        dropped = Step.objects.filter(task=task, status=Status.WAITING).update(status=Status.CANCELLED, ended_at=Now())
        ended = Task.objects.filter(pk=task.pk, status__in=LIVE).update(
            status=outcome.status, reason=outcome.reason, notice=sentence_of(task, outcome), ended_at=Now()
        )
        if not ended:
            return False
        if outcome.reason == Reason.RECALLED:
            forget_about(Q(pk=task.pk))
        settle_message(task, outcome)
        tell_of(task, "run.ended", status=outcome.status, reason=outcome.reason)
        if dropped:
            approvals.close(task)
        transaction.on_commit(partial(afterwards, task, outcome), robust=True)
    return True


def forget_results(task: Task) -> None:
    """What tools read in the room is not kept: the ids of the messages say it, and what is taken back is gone. Nor is
    what was never said."""
    results = Q(kind=Step.Kind.TOOL, status__in=ENDED) & ~Q(read=[])
    Step.objects.filter(results | ~Q(unsaid=""), task=task).update(
        output=Func(F("output"), Value("result"), function="", arg_joiner=" - ", output_field=JSONField()), unsaid=""
    )


def sentence_of(task: Task, outcome: Outcome) -> str:
    """What the room reads: who stopped it, if somebody did."""
    if outcome.reason == Reason.CANCELLED:
        by = Task.objects.filter(pk=task.pk).values_list("cancelled_by__username", flat=True).first()
        return f"Stopped by @{by}." if by else outcome.sentence
    return outcome.sentence


UNSAID = frozenset(
    {
        *(Reason.CANCELLED, Reason.RECALLED, Reason.UNSEATED, Reason.DEPARTED),
        *(Reason.SILENT, Reason.MERGED, Reason.PAUSED),
    }
)
"""Where no message has been begun yet, none is needed to say this."""


def settle_message(task: Task, outcome: Outcome) -> None:
    """Finish or interrupt what was being written. A message that was recalled meanwhile stays as it is, and who could
    have stayed silent does so about what went wrong."""
    message = task.reply
    try:
        unheard = outcome.reason != Reason.ANSWERED and is_volunteer(task)
        if message is None and outcome.aloud and outcome.reason not in UNSAID and not unheard:
            message = begin(task)
        if message is None:
            return
        if outcome.reason == Reason.SILENT:
            withdraw_message(message=message, by=task.agent.user)
        elif outcome.reason == Reason.ANSWERED:
            finish_message(message=message, body=outcome.text)
        else:
            interrupt_message(message=message, body=outcome.text, notice=sentence_of(task, outcome))
    except (Conflict, NotFound):
        log.info("the answer of run %s was not being written any more when it ended", task.pk)


def text_shown(reply: Message | None) -> str:
    """What people have seen of an answer: the longer of what the heartbeats kept and what Redis still has."""
    if reply is None:
        return ""
    kept = Message.objects.values_list("body", flat=True).get(pk=reply.pk)
    return max(kept, streams.text_so_far(reply.pk), key=len)
