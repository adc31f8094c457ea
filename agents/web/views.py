"""The agents of a room: who sits there and when they answer."""

from __future__ import annotations

from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from rooms.access import require, room_for
from rooms.models import Room, User
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt
from rooms.web.panels import panels_for

from .. import services
from ..access import agent_named, agents_for, seat_for, seats_of
from ..models import Agent, conduct_of
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
    if form.is_valid() and attempt(request, lambda: seat(request.user, room, **form.cleaned_data)):
        return redirect("room_seats", room.slug)
    return draw(request, room, status=400)


def seat(by: User, room: Room, agent: str, trigger: str) -> None:
    services.seat_agent(room=room, agent=agent_named(agent), trigger=trigger, by=by)


def draw(request: PageRequest, room: Room, status: int = 200) -> HttpResponse:
    may_manage = request.user.has_perm(MANAGE, room)
    context = {
        "room": room,
        "seats": seats_of(room),
        "triggers": TRIGGERS,
        "others": not_seated(request.user, room) if may_manage else [],
        "may_manage": may_manage,
        "conduct": conduct_of(room),
        "panels": panels_for(room, request.user),
    }
    return render(request, "agents/seats.html", context, status=status)


def not_seated(user: User, room: Room) -> QuerySet[Agent]:
    return agents_for(user).filter(enabled=True).exclude(seats__room=room)


@require_POST
@page
def change(request: PageRequest, slug: str, username: str) -> HttpResponse:
    found = seat_for(room_for(request.user, slug, MANAGE), username)
    form = TriggerForm(request.POST)
    if form.is_valid():
        attempt(request, lambda: services.change_seat(seat=found, by=request.user, **form.cleaned_data))
    return redirect("room_seats", slug)


@require_POST
@page
def remove(request: PageRequest, slug: str, username: str) -> HttpResponse:
    found = seat_for(room_for(request.user, slug, MANAGE), username)
    if attempt(request, lambda: services.unseat_agent(seat=found, by=request.user)):
        notices.success(request, f"{found.agent.user.name} has left the room.")
    return redirect("room_seats", slug)
