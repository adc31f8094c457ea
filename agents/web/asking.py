"""What agents add to the composer of a room: who is to answer one message and how, what it may cost, and what keeps
agents from answering just now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from rooms.access import as_uuid, rights_in, room_for
from rooms.errors import RoomsError
from rooms.models import Room, User
from rooms.services.messages import Posted
from rooms.web.composing import NOTHING, Part
from rooms.web.doors import PageRequest, page
from rooms.web.forms import SayForm
from rooms.web.messages import files_before
from rooms.web.rooms import draw_room

from ..access import ASK, seats_of
from ..models import Conduct, Coordination, Seat, conduct_of
from ..money.foreseeing import Foreseen, foreseen
from ..services.asking import Wanted
from .conduct import WAYS
from .now import above

SHORT = {
    Coordination.SEPARATE: "each for itself",
    Coordination.SEQUENTIAL: "one after the other",
    Coordination.PARALLEL: "all at once",
    Coordination.HIERARCHICAL: "by a plan",
    Coordination.COLLABORATIVE: "in rounds",
    Coordination.AUTO: "as fits",
}
UNASKED = (Seat.Trigger.ALWAYS, Seat.Trigger.USEFUL, Seat.Trigger.KEYWORD)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of answering, as it is offered. Without a `value` it is the room's own."""

    value: str
    label: str
    short: str
    is_chosen: bool


def composer(room: Room, user: User, said: QueryDict) -> Part | None:
    """For `COMPOSER_PARTS`. Nothing where no agent sits; the choice only where there are several to choose from."""
    seats = list(seats_of(room))
    if not seats:
        return None
    notices = above(room, user)
    if not rights_in(user, room).allow("ask_agent"):
        return Part(above=notices)
    wanted, conduct = wanted_in(said), conduct_of(room)
    context = {"room": room, "seats": seats, "wanted": wanted, "choices": choices(conduct, wanted), "conduct": conduct}
    return Part(
        above=notices,
        beside=drawn("agents/_ask.html", context | {"words": in_words(conduct, wanted, seats)})
        if len(seats) > 1
        else NOTHING,
        below=drawn("agents/_cost.html", {"room": room, "found": told(room, user, said, wanted), **watched(seats)}),
        keep=keeper(room, wanted) if wanted.says_something else None,
    )


def drawn(template: str, context: dict[str, Any]) -> SafeString:
    return render_to_string(template, context)


def wanted_in(said: QueryDict) -> Wanted:
    return Wanted(
        coordination=said.get("ask_way", ""),
        agents=tuple(said.getlist("ask_agents")),
        reviewed="ask_reviewed" in said,
        approves_plans="ask_plans" in said,
    )


def keeper(room: Room, wanted: Wanted) -> Any:
    """Who may ask is asked where it is drawn: a wish of somebody else is no wish."""

    def keep(posted: Posted) -> None:
        wanted.in_room(room).kept_with(posted.message["id"])

    return keep


def choices(conduct: Conduct, wanted: Wanted) -> list[Choice]:
    own = f"As the room has it: {SHORT[Coordination(conduct.coordination)]}"
    found = [("", own, SHORT[Coordination(conduct.coordination)])]
    found += [(way.value, label, SHORT[way]) for way, label in WAYS]
    return [Choice(value, label, short, value == wanted.coordination) for value, label, short in found]


def in_words(conduct: Conduct, wanted: Wanted, seats: Sequence[Seat]) -> str:
    """What stands at the fold while it is closed."""
    names = [seat.agent.user.name for seat in seats if seat.agent.user.username in wanted.agents]
    way = wanted.coordination if wanted.coordination in Coordination.values else conduct.coordination
    return ": ".join(filter(None, [SHORT[Coordination(way)], ", ".join(names)]))


def watched(seats: Sequence[Seat]) -> dict[str, bool]:
    """Whether a message may be answered that names nobody: then each is worth an estimate, else those that name one."""
    return {"unasked": any(seat.trigger in UNASKED for seat in seats)}


def told(room: Room, user: User, said: QueryDict, wanted: Wanted) -> Foreseen | None:
    """What it would cost, for who has pressed the button that asks."""
    body, files = said.get("body", ""), said.getlist("attachments")
    if "ask_cost" not in said or not (body.strip() or files):
        return None
    reply_to = id_in(said.get("reply_to", ""))
    try:
        return foreseen(room=room, by=user, body=body, wanted=wanted, reply_to=reply_to, attachments=files)
    except RoomsError:  # what was typed is wrong: that is said when it is sent
        return None


def id_in(said: str) -> Any:
    try:
        return as_uuid(said) if said else None
    except RoomsError:
        return None


@require_POST
@page
def cost(request: PageRequest, slug: str) -> HttpResponse:
    """The room drawn anew with all that was typed, and below it what that may cost."""
    room = room_for(request.user, slug, ASK)
    form = SayForm(initial=request.POST.dict())
    return draw_room(request, room, form, waiting=files_before(request, room))
