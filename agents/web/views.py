"""The agents of a room: who sits there and when they answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from rooms.access import require, room_for
from rooms.models import Room, User
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt
from rooms.web.panels import panels_for

from .. import services
from ..access import agent_named, agents_for, known_to, seat_for, seats_of
from ..models import Agent, Coordination, Seat, conduct_of
from ..runs.statuses import IDLE, standings
from ..triggers.schedule import next_slot
from .conduct import WAYS, form_for
from .forms import TRIGGERS, SeatForm, TriggerForm

MANAGE = "rooms.manage_seats"


@require_http_methods(["GET", "POST"])
@page
def index(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.see_members")
    if request.method == "POST":
        return add(request, room)
    return draw(request, room)


def add(request: PageRequest, room: Room) -> HttpResponse:
    require(request.user, room, MANAGE)
    form = SeatForm(request.POST)
    if form.is_valid() and attempt(request, lambda: seat(request.user, room, **form.said)):
        return redirect("room_seats", room.slug)
    return draw(request, room, status=400)


def seat(by: User, room: Room, agent: str, **facts: Any) -> None:
    services.seat_agent(room=room, agent=agent_named(agent, by), by=by, **facts)


def draw(request: PageRequest, room: Room, status: int = 200) -> HttpResponse:
    may_manage = request.user.has_perm(MANAGE, room)
    found, conduct = seats_of(room), conduct_of(room)
    context = {
        "room": room,
        "seats": seats_as_they_are(room, request.user),
        "known": known_to(request.user, [one.agent_id for one in found]),
        "triggers": TRIGGERS,
        "others": not_seated(request.user, room) if may_manage else [],
        "may_manage": may_manage,
        "conduct": conduct,
        "panels": panels_for(room, request.user),
        "together": form_for(room),
        "way": dict(WAYS)[Coordination(conduct.coordination)],
    }
    return render(request, "agents/seats.html", context, status=status)


def seats_as_they_are(room: Room, reader: User) -> list[Seat]:
    """Each with its `standing`, and with `next_slot` if it speaks by a schedule."""
    doing, found = standings(room, reader), list(seats_of(room))
    for seat in found:
        seat.standing = doing.get(seat.pk, IDLE)  # type: ignore[attr-defined]
        is_scheduled = seat.trigger == Seat.Trigger.SCHEDULE and seat.schedule
        seat.next_slot = next_slot(seat.schedule, timezone.now()) if is_scheduled else None  # type: ignore[attr-defined]
    return found


def not_seated(user: User, room: Room) -> QuerySet[Agent]:
    return agents_for(user).filter(enabled=True).exclude(seats__room=room)


@require_POST
@page
def change(request: PageRequest, slug: str, username: str) -> HttpResponse:
    found = seat_for(room_for(request.user, slug, MANAGE), username)
    form = TriggerForm(request.POST)
    if form.is_valid():
        attempt(request, lambda: services.change_seat(seat=found, by=request.user, **form.said))
    else:
        notices.error(request, " ".join(str(sentence) for found in form.errors.values() for sentence in found))
    return redirect("room_seats", slug)


@require_POST
@page
def tools(request: PageRequest, slug: str, username: str) -> HttpResponse:
    """Which of its tools the agent may use here: those that are ticked."""
    found = seat_for(room_for(request.user, slug, MANAGE), username)
    ticked = request.POST.getlist("tools")
    off = [name for name in found.agent.tools if name not in ticked]
    if attempt(request, lambda: services.change_seat(seat=found, by=request.user, tools_off=off)):
        notices.success(request, "Saved.")
    return redirect("room_seats", slug)


@require_POST
@page
def remove(request: PageRequest, slug: str, username: str) -> HttpResponse:
    found = seat_for(room_for(request.user, slug, MANAGE), username)
    if attempt(request, lambda: services.unseat_agent(seat=found, by=request.user)):
        notices.success(request, f"{found.agent.user.name} has left the room.")
    return redirect("room_seats", slug)
