"""From an event to tasks: which seats answer, laid out in one transaction, once."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from rooms import prepared
from rooms.models import Message, Room, User

from .endings import end_task
from .fetching import Table, rows_of
from .laying import lay_rows
from .models import Agent, Reason, Seat, Step, Wish
from .outcomes import Outcome
from .runs import RELATED
from .together.gathering import gathered, wished
from .triggers import may_trigger, seats_for

ONCE = "INSERT INTO agents_wake (event_id, at) VALUES (%(event)s, clock_timestamp()) ON CONFLICT DO NOTHING"

MESSAGE, ROOM, AUTHOR = Table(Message, "m"), Table(Room, "r"), Table(User, "a")
SEAT, AGENT, USER = Table(Seat, "s"), Table(Agent, "g"), Table(User, "u")
WISH = "w.coordination, w.agents, w.reviewed"

EVENT = f"""
    SELECT {MESSAGE.columns}, {ROOM.columns}, {AUTHOR.columns}, q.author_id,
           extract(epoch FROM now() - e.created_at)::float, {WISH}
      FROM rooms_event e JOIN rooms_message m ON m.id = e.message_id JOIN rooms_room r ON r.id = m.room_id
      JOIN rooms_user a ON a.id = m.author_id LEFT JOIN rooms_message q ON q.id = m.reply_to_id
      LEFT JOIN agents_wish w ON w.message_id = m.id
     WHERE e.id = %(event)s
"""  # noqa: S608  # only columns of our own models are formatted in

# Seats that were there when it was said, and whose agents are members still: one may be removed like a person.
SEATS = f"""
    SELECT {SEAT.columns}, {AGENT.columns}, {USER.columns}
      FROM agents_seat s JOIN agents_agent g ON g.id = s.agent_id JOIN rooms_user u ON u.id = g.user_id
      JOIN rooms_membership x ON x.room_id = s.room_id AND x.user_id = u.id
     WHERE s.room_id = %(room)s AND s.created_at <= %(said)s ORDER BY s.id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Said:
    """What an event tells of: a message with its room, its author and whom it replies to. `age` in seconds."""

    event_id: int
    message: Message
    age: float
    wish: Wish | None = None

    @property
    def is_old(self) -> bool:
        return self.age > settings.AGENT_PATIENCE_SECONDS


def answer(event_id: int) -> list[Step]:
    """The steps that are ready to run because of this event. An event told twice gives the same tasks, not more."""
    said = what_was_said(event_id)
    if said is None:
        return []
    steps = lay_out(said)
    if said.is_old:
        for step in steps:
            end_task(step.task, Outcome(Reason.EXPIRED))
        return []
    return steps


def what_was_said(event_id: int) -> Said | None:
    for message, room, author, replied_to, age, *wish in rows_of(EVENT, {"event": event_id}, MESSAGE, ROOM, AUTHOR):
        message.room, message.author = room, author
        if replied_to is not None:
            message.reply_to = Message(pk=message.reply_to_id, author_id=replied_to)
        return Said(event_id, message, age, wish_of(message, *wish))
    return None


def wish_of(message: Message, coordination: str | None, agents: list[str], reviewed: bool) -> Wish | None:
    if coordination is None:
        return None
    return Wish(message=message, coordination=coordination, agents=agents, reviewed=reviewed)


@transaction.atomic
def lay_out(said: Said) -> list[Step]:
    """All tasks of an event or none: a second delivery waits here for the first and then finds its mark."""
    question = said.message
    if not first_time(said.event_id):
        return waiting_steps(question)
    seats = seats_before(question) if may_trigger(question) else []
    those = answering(question, seats, said.wish)
    team = gathered(question, those, seats, said.wish)
    if team is not None:
        return lay_rows(team.speaker, question, question.author, plan=team.plan, pattern=team.pattern)
    return [step for seat in those for step in lay_rows(seat, question, question.author)]


def first_time(event_id: int) -> bool:
    return prepared.execute(ONCE, {"event": event_id}) == 1


def answering(question: Message, there: list[Seat], wish: Wish | None) -> list[Seat]:
    """The seats that answer, if the author may ask agents here (asked only when somebody would answer)."""
    if question.room.deleted_at is not None or not may_trigger(question):
        return []
    seats = seats_for(question, there)
    if wish is not None:
        seats = wished(question, there, seats, wish)
    return seats if seats and question.author.has_perm("rooms.ask_agent", question.room) else []


def seats_before(question: Message) -> list[Seat]:
    found = []
    params = {"room": question.room_id, "said": question.created_at}
    for seat, agent, user in rows_of(SEATS, params, SEAT, AGENT, USER):
        seat.room, seat.agent, agent.user = question.room, agent, user
        found.append(seat)
    return found


def waiting_steps(question: Message) -> list[Step]:
    """What is there to run for a message, in the order it was laid out. Claims decide who runs it."""
    waiting = Step.objects.ready().filter(task__trigger_message=question)
    return list(waiting.order_by("task_id").select_related(*RELATED))
