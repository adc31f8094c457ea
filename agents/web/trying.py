"""The form of an agent that is being tried out, kept in the session: its page can be reloaded and come back to."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from rooms.web.doors import PageRequest

from ..models import Agent
from .agent_form import AgentForm

KEPT = "tried"
"""By agent, what the form said when it was last tried; the draft alone does not know of its name and whose it is."""


def may_be_tried(form: AgentForm) -> bool:
    """A name is only needed to keep it."""
    name = form.fields.get("username")
    if name is None:
        return form.is_valid()
    name.required = False
    found = form.is_valid()
    name.required = True
    return found


def form_for(request: PageRequest, agent: Agent | None) -> AgentForm:
    """As the agent is, or what every agent begins with; where they come back to a trial, as they typed it."""
    said = request.session.get(KEPT, {}).get(key_of(agent)) if "trying" in request.GET else None
    form = AgentForm(None if said is None else QueryDict(said), user=request.user, agent=agent)
    if form.is_bound:
        may_be_tried(form)
    return form


def keep(request: PageRequest, agent: Agent | None, form: AgentForm) -> None:
    said = QueryDict(mutable=True)
    for name in form.fields.keys() & request.POST.keys():
        said.setlist(name, request.POST.getlist(name))
    request.session[KEPT] = {**request.session.get(KEPT, {}), key_of(agent): said.urlencode()}


def forget(request: PageRequest, agent: Agent | None) -> None:
    kept = request.session.get(KEPT, {})
    request.session[KEPT] = {name: said for name, said in kept.items() if name != key_of(agent)}


def key_of(agent: Agent | None) -> str:
    return str(agent.pk) if agent else ""


def back_to(agent: Agent | None) -> HttpResponse:
    address = reverse("agent_edit", args=[agent.user.username]) if agent else reverse("agent_new")
    return redirect(f"{address}?trying")
