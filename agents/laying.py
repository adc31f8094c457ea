"""Laying out a task: its row, its steps, and the message in state *writing* that everybody sees at once."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max

from rooms.errors import NotFound
from rooms.models import Message, User
from rooms.services.messages import start_message

from . import plans
from .endings import tell_of
from .models import Seat, Task
from .triggers import reply_audience


def lay(
    *, seat: Seat, question: Message, requester: User, attempt: int = 1, root: Message | None = None
) -> Task | None:
    """A task that answers the question, ready to run. None when there is one already, or the agent cannot speak there.

    Wants to be called in the transaction of whatever made it necessary.
    """
    try:
        with transaction.atomic():
            return _lay(seat, question, requester, attempt, root or question)
    except NotFound:
        return None
    except IntegrityError as error:
        if constraint_of(error) != "task_once":
            raise
        return None


def _lay(seat: Seat, question: Message, requester: User, attempt: int, root: Message) -> Task:
    task = Task.objects.create(
        room=seat.room,
        agent=seat.agent,
        seat=seat,
        requester=requester,
        trigger_message=question,
        root_message=root,
        attempt=attempt,
    )
    plans.reply(task)
    task.reply = start_message(
        room=seat.room,
        author=seat.agent.user,
        run=task.pk,
        reply_to=question,
        visible_to=reply_audience(question),
    )
    task.save(update_fields=["reply"])
    tell_of(task, "run.started")
    return task


def next_attempt(task: Task) -> int:
    """The number after the last time this agent tried to answer this message."""
    tried = Task.objects.filter(agent=task.agent_id, trigger_message=task.trigger_message_id)
    return 1 + (tried.aggregate(last=Max("attempt"))["last"] or 0)


def constraint_of(error: IntegrityError) -> str | None:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
