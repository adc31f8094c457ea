"""From an event to tasks: which seats answer, laid out in one transaction, once."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from rooms.models import Event, Message, Room

from .endings import end_task
from .laying import lay_rows
from .models import Reason, Seat, Step
from .outcomes import Outcome
from .runs import RELATED
from .triggers import may_trigger, seats_for

ONCE = "INSERT INTO agents_wake (event_id, at) VALUES (%s, clock_timestamp()) ON CONFLICT DO NOTHING"


def answer(event_id: int) -> list[Step]:
    """The steps that are ready to run because of this event. An event told twice gives the same tasks, not more."""
    event = (
        Event.objects.select_related("room", "message__author", "message__reply_to")
        .annotate(age=ExpressionWrapper(Now() - F("created_at"), DurationField()))
        .filter(pk=event_id)
        .first()
    )
    if event is None or event.message is None:
        return []
    steps = lay_out(event, event.message)
    if event.age > timedelta(seconds=settings.AGENT_PATIENCE_SECONDS):
        for step in steps:
            end_task(step.task, Outcome(Reason.EXPIRED))
        return []
    return steps


@transaction.atomic
def lay_out(event: Event, question: Message) -> list[Step]:
    """All tasks of an event or none: a second delivery waits here for the first and then finds its mark."""
    if not first_time(event.pk):
        return waiting_steps(question)
    return [step for seat in answering(event.room, question) for step in lay_rows(seat, question, question.author)]


def first_time(event_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ONCE, [event_id])
        return bool(cursor.rowcount)


def answering(room: Room, question: Message) -> list[Seat]:
    """The seats that answer, if the author may ask agents here (asked only when somebody would answer)."""
    if room.deleted_at is not None or not may_trigger(question):
        return []
    seats = seats_for(question, seats_before(question))
    return seats if seats and question.author.has_perm("rooms.ask_agent", room) else []


def seats_before(question: Message) -> list[Seat]:
    """Seats that were there when it was said, and whose agents are members still: one may be removed like a person."""
    there = Seat.objects.filter(room=question.room_id, agent__user__memberships__room=question.room_id)
    return list(there.filter(created_at__lte=question.created_at).select_related("agent__user", "room").order_by("pk"))


def waiting_steps(question: Message) -> list[Step]:
    """What is there to run for a message, in the order it was laid out. Claims decide who runs it."""
    waiting = Step.objects.ready().filter(task__trigger_message=question)
    return list(waiting.order_by("task_id").select_related(*RELATED))
