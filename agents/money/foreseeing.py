"""What somebody is told before they send: what their question may cost, and whether what they have left will do for it.

It stands in nobody's way: whatever it says, the message may be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from rooms.access import reader_in
from rooms.allowances import limits_of, used_up
from rooms.markup import mentions_in
from rooms.models import Message, Room, User
from rooms.models.allowance import What
from rooms.services.attachments import waiting_files
from rooms.spans import in_words

from ..access import seats_of
from ..models import Account, Agent, Wish, conduct_of
from ..services.asking import Wanted
from ..together.gathering import gathered, wished
from ..together.patterns import Alone, Team
from ..triggers.seats import seats_for
from ..triggers.speakers import speaking
from . import payers
from .estimating import Estimate, Question, estimate
from .standing import Budget, budget_of, budgets_of
from .words import dollars


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`shortage` is a sentence, where what this person, the room or an agent has left will likely not do."""

    estimate: Estimate
    shortage: str = ""

    @property
    def is_notable(self) -> bool:
        """Worth saying without being asked: several answer, it costs something, or it will not do."""
        dear = self.estimate.micros >= settings.ESTIMATE_FROM_MICROS
        return bool(self.shortage) or len(self.estimate.shares) > 1 or (dear and bool(self.estimate.micros))

    @property
    def sentence(self) -> str:
        return " ".join(filter(None, [self.estimate.sentence, self.shortage]))

    def as_facts(self) -> dict[str, Any]:
        return {**self.estimate.as_facts(), "notable": self.is_notable, "shortage": self.shortage}


def foreseen(
    *,
    room: Room,
    by: User,
    body: str,
    wanted: Wanted,
    reply_to: UUID | None = None,
    attachments: Sequence[str | UUID] = (),
) -> Foreseen:
    """For these words and files in this room. Raises Invalid for an agent that is not here, or a file that is not to be
    sent."""
    question = Question(room, body, waiting_files(room=room, by=by, ids=attachments))
    asked = who_answers(room, by, body, wanted, reply_to)
    found = estimate(question=question, agents=asked.agents, team=asked.team)
    return Foreseen(found, next(shortages(room, by, found), "") if found.shares else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """Those that would answer, and as what team if they work together."""

    agents: list[Agent]
    team: Team | Alone | None = None


def who_answers(room: Room, by: User, body: str, wanted: Wanted, reply_to: UUID | None) -> Asked:
    """If this person said it to the whole room, found as it is when it is said."""
    seats, conduct = list(seats_of(room)), conduct_of(room)
    question = Message(room=room, author=by, body=body, mentions=list(mentions_in(body)))
    if reply_to is not None:
        question.reply_to = Message.objects.filter(pk=reply_to, room=room).readable_by(reader_in(by, room)).first()
    answering = seats_for(question, seats)
    wish = wish_in(wanted, room) if wanted.says_something else None
    chosen = wished(question, seats, answering, wish) if wish else answering
    team = gathered(question, chosen, seats, conduct, wish)
    alone = chosen if wish and wish.agents else speaking(question, chosen)
    return Asked([seat.agent for seat in alone], team)


def wish_in(wanted: Wanted, room: Room) -> Wish:
    """As a message would carry it; it is not kept. Raises Invalid for an agent that is not here."""
    meant = wanted.in_room(room)
    return Wish(coordination=meant.coordination, agents=meant.agents, reviewed=meant.reviewed)


# --- what is left


def shortages(room: Room, by: User, found: Estimate) -> Iterator[str]:
    """What will not do, what stops it altogether first."""
    yield from of_asks(room, by)
    if found.micros:
        yield from (in_person(one) for one in budgets_of(by) if is_short(one, found.micros))
        yield from of_the_house(room, found)


def of_asks(room: Room, by: User) -> Iterator[str]:
    for limit in limits_of(by):
        is_here = limit.what == What.ASK_DAY or (limit.what == What.ASK and limit.room == room.slug)
        if is_here and limit.left == 0:
            wait = (limit.resets_at - datetime.now(UTC)).total_seconds() if limit.resets_at else None
            said = used_up(What(limit.what), limit.used, wait).detail
            yield f"{said} Until then your message is kept, and no agent answers it."


def is_short(budget: Budget, micros: int) -> bool:
    return budget.left is not None and budget.left < micros


def in_person(budget: Budget) -> str:
    mine = budget.scope == "person"
    whose = "you may spend on answers" if mine else f"{budget.name} may spend on answers"
    span = {"day": " today", "month": " this month"}.get(budget.period, "")
    if not budget.left:
        return f"What {whose}{span} is used up.{more(budget)}"
    has = "You have" if mine else f"{budget.name} has"
    return f"{has} {dollars(budget.left)} left for answers{span}, so this one may be cut short.{more(budget)}"


def more(budget: Budget) -> str:
    if budget.resets_at is None:
        return ""
    return f" There is more in {in_words((budget.resets_at - datetime.now(UTC)).total_seconds())}, at midnight UTC."


def of_the_house(room: Room, found: Estimate) -> Iterator[str]:
    """Of room and agents without amounts: those are nobody else's business."""
    needed = {("room", str(room.pk)): found.micros}
    names = {("room", str(room.pk)): "this room"}
    for share in found.shares:
        key = "agent", str(share.agent.pk)
        needed[key], names[key] = share.micros, share.agent.user.name
    for account in accounts_of(needed):
        key = account.scope, account.key
        budget = budget_of(account, names[key], dict(payers.limits_of(account.scope)))
        if is_short(budget, needed[key]):
            span = {"day": " today", "month": " this month"}.get(budget.period, "")
            gone = "is used up" if not budget.left else "may not do for all of this"
            yield f"What {budget.name} may spend{span} {gone}.{more(budget)}"


def accounts_of(keys: dict[tuple[str, str], int]) -> list[Account]:
    wanted = Q(pk__in=[])
    for scope, key in keys:
        wanted |= Q(scope=scope, key=key)
    return list(Account.objects.filter(wanted).order_by("scope", "id"))
