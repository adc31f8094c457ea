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
from ..runs.status import Doing
from ..runs.statuses import IDLE, Standing, clock, standings

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, of whom it is said in front of it. `is_of_a_model`: nobody has switched anything."""

    who: str
    words: str
    is_of_a_model: bool = False


def above(room: Room, user: User) -> SafeString:
    return render_to_string("agents/_now.html", context_of(room, user))


@require_GET
@page
def show(request: PageRequest, slug: str) -> HttpResponse:
    """The lines drawn anew, for a page that is open already."""
    return render(request, "agents/_now.html", context_of(room_for(request.user, slug), request.user))


def context_of(room: Room, user: User) -> dict[str, object]:
    """`again`: whether a page has to ask by itself when it is over. Switching is told; that a model is back is not."""
    lines = lines_of(room, user)
    again = any(line.is_of_a_model for line in lines)
    return {"room": room, "lines": lines[:SHOWN], "more": max(0, len(lines) - SHOWN), "again": again}


def lines_of(room: Room, user: User) -> list[Line]:
    """One for the whole room if it is paused; else one for those of whom the same is to be said."""
    seats = [seat for seat in seats_of(room) if seat.trigger != Seat.Trigger.OFF]
    conduct = conduct_of(room) if seats else None
    if conduct is not None and conduct.paused_at is not None:
        by = f" by @{conduct.paused_by.username}" if conduct.paused_by else ""
        why = f": {conduct.pause_reason}" if conduct.pause_reason else ""
        return [Line("Agents", f"have been paused here{by} since {clock(conduct.paused_at)}{why}")]
    found = standings(room, user) if seats else {}
    alike: dict[Standing, list[str]] = defaultdict(list)
    for seat in seats:
        standing = found.get(seat.pk, IDLE)
        if standing.detail and standing.doing in (Doing.PAUSED, Doing.FAILING):
            alike[standing].append(seat.agent.user.name)
    return [line_of(standing, who) for standing, who in alike.items()]


def line_of(standing: Standing, who: list[str]) -> Line:
    """«Echo has been failing since 12:40: …», «Echo and Nod are switched off by @ada: …»."""
    many = len(who) > 1
    if standing.doing == Doing.PAUSED:
        return Line(names_of(who), f"{'are' if many else 'is'} {standing.detail}")
    verb = ("have been" if many else "has been") if standing.since else ("are" if many else "is")
    return Line(names_of(who), f"{verb} {standing.words}", is_of_a_model=True)


def names_of(who: list[str]) -> str:
    return who[0] if len(who) == 1 else f"{', '.join(who[:-1])} and {who[-1]}"
