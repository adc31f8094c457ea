"""The registry as pages: who the agents are, making one, changing it while one talks with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notices
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rooms.errors import Forbidden, RoomsError
from rooms.models import Room, User
from rooms.web.doors import PageRequest, complain, page
from rooms.web.forms import SayForm
from rooms.web.members import attempt
from rooms.web.rooms import room_context

from .. import services
from ..access import agent_for
from ..models import Agent
from ..registry.finding import find_agents
from ..routing.ailments import ailments_of, health_of
from ..services.drafts import end_trial, trial_of, try_out
from ..services.registry import may_change, may_make, require_may_make
from .agent_form import AgentForm
from .trying import back_to, forget, form_for, keep, may_be_tried

WHOSE = [("", "All"), ("mine", "Mine"), ("shared", "Shared with me"), ("public", "Public")]
SHOWN = 200


@require_GET
@page
def index(request: PageRequest) -> HttpResponse:
    words, whose = request.GET.get("q", "")[:64], request.GET.get("whose", "")
    found = find_agents(request.user, words, whose)[:SHOWN]
    context = {"agents": found, "words": words, "whose": whose, "kinds": WHOSE, "may_make": may_make(request.user)}
    return render(request, "agents/index.html", context)


@require_GET
@page
def show(request: PageRequest, username: str) -> HttpResponse:
    agent = agent_for(request.user, username)
    context = {
        "agent": agent,
        "may_change": may_change(request.user, agent),
        "may_talk": agent.enabled,
        "ailment": ailments_of([agent]).get(agent.pk),
        "places_called": health_of(agent) if may_change(request.user, agent) else [],
        "places": shared_places(request.user, agent),
        "versions": agent.versions.select_related("made_by").order_by("-number")[:5],
    }
    return render(request, "agents/show.html", context)


def shared_places(user: User, agent: Agent) -> list[Room]:
    """Rooms in which both are."""
    both = Room.objects.live().filter(memberships__user=user, listed=True).filter(seats__agent=agent)
    return list(both.order_by("name")[:60])


@require_http_methods(["GET", "POST"])
@page
def new(request: PageRequest) -> HttpResponse:
    check_makers(request.user)
    if request.method == "GET":
        return draw(request, None, form_for(request, None))
    form = AgentForm(request.POST, user=request.user, agent=None)
    if form.is_valid() and (agent := attempt_with(form, lambda: make(request.user, form))):
        forget(request, None)
        notices.success(request, f"{agent.user.name} is there.")
        return redirect("agent", agent.user.username)
    return draw(request, None, form, status=400)


@require_http_methods(["GET", "POST"])
@page
def edit(request: PageRequest, username: str) -> HttpResponse:
    agent = mine(request, username)
    if request.method == "GET":
        return draw(request, agent, form_for(request, agent))
    form = AgentForm(request.POST, user=request.user, agent=agent)
    if form.is_valid() and (changed := attempt_with(form, lambda: change(request.user, agent, form))):
        forget(request, agent)
        notices.success(request, f"Saved. {changed.user.name} is at version {changed.version}.")
        return redirect("agent", changed.user.username)
    return draw(request, agent, form, status=400)


@require_POST
@page
def try_new(request: PageRequest) -> HttpResponse:
    check_makers(request.user)
    return try_with(request, None)


@require_POST
@page
def try_changed(request: PageRequest, username: str) -> HttpResponse:
    return try_with(request, mine(request, username))


def try_with(request: PageRequest, agent: Agent | None) -> HttpResponse:
    """Put what the form says into the draft. A script that has its room open already is only told that it is done."""
    form = AgentForm(request.POST, user=request.user, agent=agent)
    if not (may_be_tried(form) and attempt_with(form, lambda: try_out(by=request.user, agent=agent, facts=form.facts))):
        return draw(request, agent, form, status=400)
    keep(request, agent, form)
    return HttpResponse(status=204) if "piece" in request.GET else back_to(agent)


def check_makers(user: User) -> None:
    if not may_make(user):
        raise Forbidden("Only staff makes agents here.")


def mine(request: PageRequest, username: str) -> Agent:
    """An agent they may change."""
    agent = agent_for(request.user, username)
    if not may_change(request.user, agent):
        raise Forbidden("Only its owner changes an agent.")
    return agent


def attempt_with(form: AgentForm, act: Any) -> Any:
    """What the act gives, or None with the reasons put where the person is looking."""
    try:
        with transaction.atomic():
            return act()
    except RoomsError as error:
        complain(form, error)
        return None


def make(by: User, form: AgentForm) -> Agent:
    require_may_make(by, form.facts)
    agent = services.create_agent(owner=by, **form.of_the_owner, **form.facts)
    share(by, agent, form)
    end_trial(by=by, agent=None)
    return agent


def change(by: User, agent: Agent, form: AgentForm) -> Agent:
    share(by, agent, form)
    changed = services.change_agent(agent=agent, by=by, **form.of_the_owner, **form.facts)
    end_trial(by=by, agent=agent)
    return changed


def share(by: User, agent: Agent, form: AgentForm) -> None:
    said = form.cleaned_data
    services.share_agent(agent=agent, by=by, users=said["shared_with"], rooms=said["shared_rooms"])


def draw(request: PageRequest, agent: Agent | None, form: AgentForm, status: int = 200) -> HttpResponse:
    """The form, and beside it the conversation with the draft, if there is one."""
    trial = trial_of(request.user, agent) if form.is_bound else None
    context: dict[str, Any] = {"agent": agent, "agent_form": form, "trial": trial}
    if trial:
        context |= room_context(request, trial[1], SayForm())
    return render(request, "agents/edit.html", context, status=status)


@require_POST
@page
def retire(request: PageRequest, username: str) -> HttpResponse:
    agent = mine(request, username)
    services.retire_agent(agent=agent, by=request.user)
    notices.success(request, f"{agent.user.name} is retired.")
    return redirect("agents")


@require_POST
@page
def copy(request: PageRequest, username: str) -> HttpResponse:
    agent, name = mine(request, username), request.POST.get("username", "").strip().lower()
    if not attempt(request, lambda: services.copy_agent(agent=agent, by=request.user, username=name)):
        return redirect("agent", username)
    return redirect("agent_edit", name)
