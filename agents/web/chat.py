"""My conversations with agents: begun, found again, deleted and brought back."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from rooms.access import require, room_for
from rooms.errors import Forbidden, NotFound, RoomsError
from rooms.models import Room, User
from rooms.web.doors import PageRequest, page

from ..access import agent_named
from ..api.session_facts import sessions
from ..registry.finding import find_agents
from ..services.sessions import begin_session, delete_session, deleted_session, restore_session, sessions_of


@require_http_methods(["GET", "POST"])
@page
def index(request: PageRequest) -> HttpResponse:
    if request.user.kind != User.Kind.HUMAN:
        raise Forbidden("Conversations with agents are for people with an account of their own.")
    if request.method == "POST":
        return begin(request)
    context = {
        "conversations": sessions(request.user, list(sessions_of(request.user)[:100])),
        "deleted": sessions(request.user, list(sessions_of(request.user, deleted=True)[:50])),
        "agents": find_agents(request.user).filter(enabled=True)[:60],
    }
    return render(request, "agents/chat.html", context)


def begin(request: PageRequest) -> HttpResponse:
    try:
        agents = [agent_named(name, request.user, "agents") for name in request.POST.getlist("agents")]
        return redirect(begin_session(by=request.user, agents=agents))
    except RoomsError as error:
        found = [sentence for said in (error.fields or {}).values() for sentence in said]
        notices.error(request, " ".join(found) or error.detail)
        return redirect("chat")


@require_POST
@page
def delete(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    if room.kind != Room.Kind.SESSION:
        raise NotFound
    require(request.user, room, "rooms.delete_room")
    delete_session(room=room, by=request.user)
    notices.success(request, f"The conversation with {room.name} is deleted. For 30 days you can bring it back.")
    return redirect("chat")


@require_POST
@page
def restore(request: PageRequest, slug: str) -> HttpResponse:
    return redirect(restore_session(room=deleted_session(request.user, slug), by=request.user))
