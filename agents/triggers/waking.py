"""From an event to tasks: which seats answer, laid out in one transaction, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction

from rooms import prepared
from rooms.access import role_allows
from rooms.models import Message, Room, User

from ..access import ASK
from ..models import Agent, Bound, Conduct, Reason, Seat, Step, Task, Wish
from ..money import asks
from ..outcomes import Outcome
from ..runs import line
from ..runs.claims import Claim
from ..runs.endings import end_task
from ..runs.fetching import Table, split
from ..runs.laying import lay_rows
from ..runs.life import RELATED
from ..together.gathering import gathered, wished
from . import energy
from .at_once import lay, mark
from .energy import Cause, cause_of
from .seats import may_trigger, seats_for
from .speakers import speaking

ONCE = "INSERT INTO agents_wake (event_id, at) VALUES (%(event)s, clock_timestamp()) ON CONFLICT DO NOTHING"

MESSAGE, ROOM, AUTHOR, CONDUCT = Table(Message, "m"), Table(Room, "r"), Table(User, "a"), Table(Conduct, "c")
SEAT, AGENT, USER = Table(Seat, "s"), Table(Agent, "g"), Table(User, "u")
OF_THE_MESSAGE, OF_A_SEAT = (MESSAGE, ROOM, AUTHOR, CONDUCT), (SEAT, AGENT, USER)
WISH = "w.coordination, w.agents, w.reviewed, w.approves_plans"

# A row for each seat that was there when it was said, and whose agent is a member still: one may be removed like a
# person. One row in a room without.
EVENT = f"""
    SELECT {MESSAGE.columns}, {ROOM.columns}, {AUTHOR.columns}, {CONDUCT.columns}, q.author_id, y.role,
           extract(epoch FROM now() - e.created_at)::float, {WISH}, {SEAT.columns}, {AGENT.columns}, {USER.columns}
      FROM rooms_event e JOIN rooms_message m ON m.id = e.message_id JOIN rooms_room r ON r.id = m.room_id
      JOIN rooms_user a ON a.id = m.author_id LEFT JOIN rooms_message q ON q.id = m.reply_to_id
      LEFT JOIN rooms_membership y ON y.room_id = r.id AND y.user_id = a.id
      LEFT JOIN agents_conduct c ON c.room_id = r.id
      LEFT JOIN agents_wish w ON w.message_id = m.id
      LEFT JOIN (agents_seat s JOIN agents_agent g ON g.id = s.agent_id JOIN rooms_user u ON u.id = g.user_id
                 JOIN rooms_membership x ON x.room_id = s.room_id AND x.user_id = u.id)
             ON s.room_id = r.id AND s.created_at <= m.created_at
     WHERE e.id = %(event)s ORDER BY s.id
"""  # noqa: S608  # only columns of our own models are formatted in


@dataclass(frozen=True, slots=True)
class Said:
    """What an event tells of: a message with its room, its author and whom it replies to, how agents behave in that
    room, and those that have been `there`. `role` is the author's in the room, `age` in seconds.

    `wish` is its author's, if they had one: who is to answer, and how they work together.
    """

    event_id: int
    message: Message
    conduct: Conduct
    role: str | None
    age: float
    wish: Wish | None = None
    there: tuple[Seat, ...] = ()

    @property
    def is_old(self) -> bool:
        return self.age > settings.AGENT_PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Asked:
    """On whose behalf agents answer a message, and what set that going."""

    requester: User
    cause: Cause


@dataclass(frozen=True, slots=True)
class Laid:
    """Steps in the order in which they were laid out; the first of them is ours already if there is a `claim`."""

    steps: list[Step]
    claim: Claim | None = None


def answer(event_id: int) -> list[Step]:
    """The steps that are ready to run because of this event. An event told twice gives the same tasks, not more."""
    return laid_for(event_id, at_once=False).steps


def laid_for(event_id: int, *, at_once: bool = True) -> Laid:
    """The same; whoever wants the first of them `at_once` may get it with its claim."""
    said = what_was_said(event_id)
    if said is None or not may_trigger(said.message):
        return Laid([])
    laid = lay_out(said, at_once=at_once and not said.is_old)
    if said.is_old:
        for step in laid.steps:
            end_task(step.task, Outcome(Reason.EXPIRED))
        return Laid([])
    return Laid([step for step in laid.steps if step.task.queued_at is None], laid.claim)


def what_was_said(event_id: int) -> Said | None:
    rows = prepared.fetch(EVENT, {"event": event_id})
    if not rows:
        return None
    message, room, author, conduct, replied_to, role, age, *rest = split(rows[0], OF_THE_MESSAGE)
    message.room, message.author = room, author
    if replied_to is not None:
        message.reply_to = Message(pk=message.reply_to_id, author_id=replied_to)
    conduct = conduct if conduct.room_id else Conduct(room=room)
    width = len(SEAT) + len(AGENT) + len(USER)
    seats = [split(row[-width:], OF_A_SEAT) for row in rows]
    there = tuple(seated(room, *found) for found in seats if found[0].pk)
    return Said(event_id, message, conduct, role, age, wish_of(message, *rest[:-width]), there)


def seated(room: Room, seat: Seat, agent: Agent, user: User) -> Seat:
    seat.room, seat.agent, agent.user = room, agent, user
    return seat


def wish_of(
    message: Message, coordination: str | None, agents: list[str], reviewed: bool, approves_plans: bool
) -> Wish | None:
    if coordination is None:
        return None
    wish = Wish(message=message, coordination=coordination, agents=agents)
    wish.reviewed, wish.approves_plans = reviewed, approves_plans
    return wish


def lay_out(said: Said, *, at_once: bool) -> Laid:
    """All tasks of an event or none: a second delivery waits here for the first and then finds its mark."""
    with transaction.atomic():
        asked = asked_by(said)
        seats = answering(said, asked.requester) if asked else []
        if asked is None or not seats:
            return Laid([] if first_time(said.event_id) else waiting_steps(said.message))
        counted = asked.cause.is_human and not said.is_old
        first, used_up = mark(said.event_id, said.message, counted=counted)
        if not first:
            return Laid(waiting_steps(said.message))
        if used_up is not None:
            refusal = asks.refusal(used_up, said.message.author, said.message.room)
            return Laid(turned_down(asked, said, seats, refusal.outcome))
        if at_once and is_usual(said, asked, seats) and (mine := lay(seats[0], said.message, asked.requester)):
            return Laid([mine[0]], mine[1])
        line.look_at(said.there)
        laid, bound = lay_within(asked, said, seats)
    for step in laid:
        if step.task.queued_at is not None:
            line.next_up(step.task.seat_id)
    if bound:
        energy.tell(asked.cause.root.pk)
    return Laid(laid)


def is_usual(said: Said, asked: Asked, seats: list[Seat]) -> bool:
    """One agent would answer one person."""
    return len(seats) == 1 and said.wish is None and asked.cause.is_human


def first_time(event_id: int) -> bool:
    return prepared.execute(ONCE, {"event": event_id}) == 1


def turned_down(asked: Asked, said: Said, seats: list[Seat], outcome: Outcome) -> list[Step]:
    """What would have been answered ends before it began; the first of it says why, if that is to be said."""
    for number, seat in enumerate(those_who_speak(said, seats)):
        for step in lay_rows(seat, said.message, asked.requester, root=asked.cause.root):
            end_task(step.task, replace(outcome, aloud=outcome.aloud and not number))
    return []


def asked_by(said: Said) -> Asked | None:
    """The person behind a message: its author, or whoever set the chain of agents going that it belongs to."""
    message, task = said.message, None
    if message.author.is_machine:
        task = Task.objects.select_related("requester", "root_message").filter(reply=message).first()
    cause = cause_of(message, task, said.conduct)
    requester = task.requester if task else message.author
    return Asked(requester, cause) if cause and requester else None


def lay_within(asked: Asked, said: Said, seats: list[Seat]) -> tuple[list[Step], Bound | None]:
    """One task for each that speaks, or one for all that work together, as far as the room's bounds allow. What is not
    begun leaves no task."""
    laid: list[Step] = []
    refused: Bound | None = None
    team = gathered(said.message, seats, said.there, said.conduct, said.wish)
    facts = {} if team is None else {"plan": team.plan, "pattern": team.pattern}
    for number, seat in enumerate(those_who_speak(said, seats) if team is None else [team.speaker]):
        bound = Bound.TURNS if asked.cause.is_human and number >= said.conduct.max_turns else None
        bound = bound or lay_in_line(laid, seat, said.message, asked, **facts)
        refused = refused or bound
    if refused and energy.stop(asked.cause.root, refused):
        return laid, refused
    return laid, None


def lay_in_line(laid: list[Step], seat: Seat, question: Message, asked: Asked, **facts: Any) -> Bound | None:
    """At once, or after what the agent is doing, together with what the same person has asked since. The bound, if
    the chain has come to one."""
    cause = asked.cause
    turn = line.turn_for(seat, question, asked.requester, cause) if seat.busy else line.AT_ONCE
    earlier = turn.earlier if turn.earlier is not None and line.is_waiting(turn.earlier) else None
    has_turn = earlier is not None and earlier.root_message_id == cause.root.pk
    bound = None if cause.is_human else energy.take(cause, has_turn=has_turn)
    if bound is None:
        facts |= {"root": cause.root, "depth": cause.depth, "queued_at": turn.since}
        steps = lay_rows(seat, question, asked.requester, **facts)
        if earlier is not None and line.is_later(earlier, question):
            line.merge(steps[0].task, cause)  # events may be told out of order; the last that was said is answered
        else:
            laid.extend(steps)
            if earlier is not None:
                line.merge(earlier, cause)
    return bound


def those_who_speak(said: Said, seats: list[Seat]) -> list[Seat]:
    """All whom the author has chosen; else as it is usual."""
    return seats if said.wish and said.wish.agents else speaking(said.message, seats)


def answering(said: Said, requester: User) -> list[Seat]:
    """The seats that would answer, if who asks may ask agents here (asked only when there are any)."""
    question = said.message
    if question.room.deleted_at is not None:
        return []
    seats = seats_for(question, said.there)
    if said.wish is not None and not question.author.is_machine:
        seats = wished(question, said.there, seats, said.wish)
    return seats if seats and may_ask(said, requester) else []


def may_ask(said: Said, requester: User) -> bool:
    """Of the author by the role that came with the message, where that is enough."""
    room = said.message.room
    by_role = requester.pk == said.message.author_id and role_allows(requester, room, said.role, ASK)
    return by_role or requester.has_perm(ASK, room)


def waiting_steps(question: Message) -> list[Step]:
    """What is there to run for a message, in the order it was laid out. Claims decide who runs it."""
    waiting = Step.objects.ready().filter(task__trigger_message=question)
    return list(waiting.order_by("task_id").select_related(*RELATED))
