"""What keeps the agents of a room from answering just now, in lines above the composer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from rooms.access import room_for
from rooms.models import Room, User
from rooms.web.doors import PageRequest, page

from ..access import seats_of
from ..models import Seat, conduct_of
from ..status import Doing
from ..statuses import IDLE, Standing, clock, standings

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, of whom it is said in front of it."""

    who: str
    words: str


def above(room: Room, user: User) -> SafeString:
    return render_to_string("agents/_now.html", context_of(room, user))


@require_GET
@page
def show(request: PageRequest, slug: str) -> HttpResponse:
    """The lines drawn anew, for a page that is open already."""
    return render(request, "agents/_now.html", context_of(room_for(request.user, slug), request.user))


def context_of(room: Room, user: User) -> dict[str, object]:
    lines = lines_of(room, user)
    return {"room": room, "lines": lines[:SHOWN], "more": max(0, len(lines) - SHOWN)}


def lines_of(room: Room, user: User) -> list[Line]:
    """One for the whole room if it is paused; else one for those of whom the same is to be said."""
    seats = [seat for seat in seats_of(room) if seat.trigger != Seat.Trigger.OFF]
    conduct = conduct_of(room) if seats else None
    if conduct is not None and conduct.paused_at is not None:
        by = f" by @{conduct.paused_by.username}" if conduct.paused_by else ""
        why = f": {conduct.pause_reason}" if conduct.pause_reason else ""
        return [Line("Agents", f"have been paused here{by} since {clock(conduct.paused_at)}{why}")]
    found = standings(room, user) if seats else {}
    alike: dict[str, list[str]] = defaultdict(list)
    for seat in seats:
        if words := words_of(found.get(seat.pk, IDLE)):
            alike[words].append(seat.agent.user.name)
    return [Line(names_of(who), sentence(words, many=len(who) > 1)) for words, who in alike.items()]


def words_of(standing: Standing) -> str:
    """Of a failure that has no known cause, the message above has said it already."""
    if standing.doing == Doing.PAUSED:
        return standing.detail
    return standing.words if standing.doing == Doing.FAILING and standing.detail else ""


def sentence(words: str, *, many: bool) -> str:
    """«has been failing since 12:40: …», «are switched off by @ada: …»."""
    if words.startswith("failing since"):
        return f"{'have' if many else 'has'} been {words}"
    return f"{'are' if many else 'is'} {words}"


def names_of(who: list[str]) -> str:
    return who[0] if len(who) == 1 else f"{', '.join(who[:-1])} and {who[-1]}"
