"""Which answers stand beside one another and which questions are one question, as far as somebody may read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet

from rooms.access import reader_in
from rooms.errors import NotFound
from rooms.models import Message, Room, User

from ..models import Branch, Feedback, Seat, Task
from .provenance import NOT_BY_AN_AGENT

RECALLED = (Message.State.REDACTED, Message.State.WITHDRAWN)


@dataclass(slots=True)
class Foot:
    """What is shown beneath one message. `group` are the answers it stands among, oldest first, itself included."""

    message: UUID
    run: UUID | None = None
    head: UUID | None = None
    group: list[UUID] = field(default_factory=list)
    thumb: str = ""
    reasons: list[str] = field(default_factory=list)
    note: str = ""
    origin: UUID | None = None
    branches: list[UUID] = field(default_factory=list)

    @property
    def place(self) -> int:
        return self.group.index(self.message) + 1

    @property
    def before(self) -> UUID | None:
        return self.group[self.place - 2] if self.place > 1 else None

    @property
    def after(self) -> UUID | None:
        return self.group[self.place] if self.place < len(self.group) else None


def feet_of(room: Room, user: User, ids: Collection[UUID]) -> list[Foot]:
    """Of those among these messages that have something beneath them. Seven queries, however many they are."""
    readable = readable_in(room, user)
    asked = set(readable.filter(pk__in=ids).values_list("pk", flat=True))
    feet: dict[UUID, Foot] = {}
    tasks = list(Task.objects.filter(reply__in=asked).exclude(reply__state__in=[*RECALLED, "writing"]))
    groups = groups_of(tasks, readable)
    for task in tasks:
        head = task.alternative_of_id or task.pk
        reply: UUID = task.reply_id  # type: ignore[assignment]
        feet[reply] = Foot(reply, task.pk, head, groups.get(head, [reply]))
    for given in Feedback.objects.filter(message__in=feet, user=user):
        foot = feet[given.message_id]
        foot.thumb, foot.reasons, foot.note = given.thumb, given.reasons, given.note
    add_branches(feet, asked, readable)
    return list(feet.values())


def readable_in(room: Room, user: User) -> QuerySet[Message]:
    return Message.objects.filter(room=room).readable_by(reader_in(user, room))


def groups_of(tasks: Iterable[Task], readable: QuerySet[Message]) -> dict[UUID, list[UUID]]:
    """The answers of each group that are there to be read, by its head."""
    heads = {task.alternative_of_id or task.pk for task in tasks}
    among = Task.objects.filter(Q(pk__in=heads) | Q(alternative_of__in=heads), reply__in=readable)
    groups: dict[UUID, list[UUID]] = defaultdict(list)
    for id, head, reply in among.order_by("reply__seq").values_list("pk", "alternative_of", "reply"):
        groups[head or id].append(reply)
    return groups


def add_branches(feet: dict[UUID, Foot], asked: Collection[UUID], readable: QuerySet[Message]) -> None:
    """The pairs of a question and the same in other words, where both may be read."""
    there = readable.exclude(state__in=RECALLED).values("pk")
    pairs = Branch.objects.filter(Q(message__in=asked) | Q(origin__in=asked), message__in=there, origin__in=there)
    for message, origin in pairs.order_by("message__seq").values_list("message_id", "origin_id"):
        if message in asked:
            feet.setdefault(message, Foot(message)).origin = origin
        if origin in asked:
            feet.setdefault(origin, Foot(origin)).branches.append(message)


def answering_run(message: Message) -> Task:
    """The run that wrote a message. Raises NotFound when none did."""
    related = Task.objects.select_related("room", "agent__user", "alternative_of", "trigger_message__author")
    found = related.filter(reply=message).first()
    if found is None:
        raise NotFound(NOT_BY_AN_AGENT)
    return found


@dataclass(frozen=True, slots=True)
class Beside:
    """The answers to one question, the question if it may be read, and who could answer it too."""

    runs: list[Task]
    question: Message | None
    agents: list[Seat]


def answers_beside(run: Task, user: User) -> Beside:
    readable = readable_in(run.room, user)
    head = run.alternative_of_id or run.pk
    runs = Task.objects.filter(Q(pk=head) | Q(alternative_of=head), reply__in=readable)
    seats = Seat.objects.filter(room=run.room, agent__enabled=True).exclude(trigger=Seat.Trigger.OFF)
    return Beside(
        runs=list(runs.select_related("agent__user", "reply__author").order_by("reply__seq")),
        question=readable.select_related("author").filter(tasks=run).first(),
        agents=list(seats.select_related("agent__user").order_by("agent__user__username")),
    )
