"""Laying out a task: its rows, and then the message in state *writing* that everybody sees.

The two are apart so that a model can be called while the message is being announced: what that costs in transactions
and frames is hidden behind the model's own time to its first word.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from rooms.errors import NotFound
from rooms.events import record
from rooms.models import Message, User
from rooms.services.messages import lock_room, start_message

from ..context.occasions import is_volunteer
from ..models import Conduct, Seat, Step, Task
from ..triggers import energy
from ..triggers.energy import Cause
from ..triggers.seats import reply_audience
from . import line, plans

Plan = Callable[[Task], list[Step]]


def lay(
    *,
    seat: Seat,
    question: Message,
    requester: User,
    attempt: int = 1,
    root: Message | None = None,
    plan: Plan = plans.reply,
    **facts: Any,
) -> Task | None:
    """A task that answers the question, begun and ready to run, or in the line. None when there is one already, or the
    agent cannot speak there. Wants to be called in the transaction of whatever made it necessary."""
    try:
        with transaction.atomic():
            lock_room(seat.room)
            line.lock(seat.room_id)
            cause = Cause(root or question, Conduct(room=seat.room))
            turn = line.turn_for(seat, question, requester, cause)
            task = lay_rows(seat, question, requester, attempt, root, plan, queued_at=turn.since, **facts)[0].task
            if task.queued_at is not None:
                transaction.on_commit(partial(line.next_up, seat.pk), robust=True)
            elif not is_volunteer(task):
                begin(task)
    except NotFound:
        return None
    except IntegrityError as error:
        if constraint_of(error) != "task_once":
            raise
        return None
    return task


def lay_rows(
    seat: Seat,
    question: Message | None,
    requester: User,
    attempt: int = 1,
    root: Message | None = None,
    plan: Plan = plans.reply,
    **facts: Any,
) -> list[Step]:
    """The steps to begin with, as the plan lays them out. Raises IntegrityError when this attempt is there already."""
    if attempt > 1 and root is not None:
        energy.renew(root.pk)
    task = Task.objects.create(
        room=seat.room,
        agent=seat.agent,
        seat=seat,
        requester=requester,
        trigger_message=question,
        root_message=root or question,
        attempt=attempt,
        agent_version=seat.agent.version,
        **facts,
    )
    return plan(task)


class BegunElsewhere(Exception):
    """Another thread has started the message of this task in the same moment."""


def begin(task: Task) -> Message:
    """The message of a task, started if nobody has yet. Raises NotFound when the agent cannot speak there."""
    try:
        return _begin(task)
    except BegunElsewhere:
        task.reply = Message.objects.select_related("room").get(task=task)
        return task.reply


@transaction.atomic
def _begin(task: Task) -> Message:
    question = task.trigger_message
    message = start_message(
        room=task.room,
        author=task.agent.user,
        run=task.pk,
        reply_to=question,
        thread=question.thread_id if question else None,
        visible_to=reply_audience(question) if question else None,
    )
    if not Task.objects.filter(pk=task.pk, reply=None).update(reply=message):
        raise BegunElsewhere
    task.reply = message
    tell_of(task, "run.started")
    return message


def tell_of(task: Task, type: str, **facts: str) -> None:
    """An event about a run, for those who may read its answer, also where there is none yet, or never will be."""
    record(task.room, type, actor=task.agent.user, data=facts_of(task, **facts), visible_to=task.audience)


def facts_of(task: Task, **facts: str) -> dict[str, str | None]:
    """What its events say of a run."""
    message = str(task.reply_id) if task.reply_id else None
    found = {"run": str(task.pk), "agent": task.agent.user.username, "message": message}
    if task.alternative_of_id:
        found["alternative_of"] = str(task.alternative_of_id)
    return found | facts


def next_attempt(task: Task) -> int:
    """The number after the last time this agent tried to answer this message."""
    return next_attempt_of(task.agent_id, task.trigger_message_id)


def next_attempt_of(agent_id: int, question_id: UUID | None) -> int:
    tried = Task.objects.filter(agent=agent_id, trigger_message=question_id)
    return 1 + (tried.aggregate(last=Max("attempt"))["last"] or 0)


def constraint_of(error: IntegrityError) -> str | None:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
