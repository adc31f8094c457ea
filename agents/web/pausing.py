"""The switch on the page of a room's agents."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from rooms.access import room_for
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt

from .. import services
from .views import MANAGE


@require_POST
@page
def pause(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, MANAGE)
    reason = request.POST.get("reason", "")[:280]
    attempt(request, lambda: services.pause_agents(room=room, by=request.user, reason=reason))
    return redirect("room_seats", slug)


@require_POST
@page
def resume(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, MANAGE)
    attempt(request, lambda: services.resume_agents(room=room, by=request.user))
    return redirect("room_seats", slug)
