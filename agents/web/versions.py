"""What an agent was: two versions side by side, and an old one brought back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from rooms.errors import NotFound
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt

from .. import services
from ..access import agent_for
from ..models import AgentVersion
from ..services.registry import may_change
from ..services.versions import changes_between, shown
from .agent_form import LABELS


@require_GET
@page
def index(request: PageRequest, username: str) -> HttpResponse:
    agent = agent_for(request.user, username)
    editor = may_change(request.user, agent)
    found = list(agent.versions.select_related("made_by").order_by("-number")[:200])
    before, after = two_of(request, found)
    context = {
        "agent": agent,
        "versions": found,
        "before": before,
        "after": after,
        "rows": rows_between(before, after, to_editor=editor) if before and after else [],
        "may_change": editor,
    }
    return render(request, "agents/versions.html", context)


def two_of(request: PageRequest, found: list[AgentVersion]) -> tuple[AgentVersion | None, AgentVersion | None]:
    """Those the address names; else the newest and the one before."""
    known = {str(one.number): one for one in found}
    after = known.get(request.GET.get("b", ""), found[0] if found else None)
    others = [one for one in found if after and one.number < after.number]
    return known.get(request.GET.get("a", ""), others[0] if others else None), after


def rows_between(before: AgentVersion, after: AgentVersion, *, to_editor: bool) -> list[dict[str, Any]]:
    was, now = (shown(one.snapshot, to_editor=to_editor) for one in (before, after))
    return [
        {"label": label_of(one.field), "before": words_of(one.before), "after": words_of(one.after)}
        for one in changes_between(was, now)
    ]


def label_of(name: str) -> str:
    return LABELS.get(name, name.replace("_", " ").capitalize())


def words_of(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return json.dumps(value) if isinstance(value, dict) else "" if value is None else str(value)


@require_POST
@page
def restore(request: PageRequest, username: str, number: int) -> HttpResponse:
    agent = agent_for(request.user, username)
    if not AgentVersion.objects.filter(agent=agent, number=number).exists():
        raise NotFound
    if attempt(request, lambda: services.restore_version(agent=agent, number=number, by=request.user)):
        notices.success(request, f"{agent.user.name} is again as in version {number}.")
    return redirect("agent_versions", username)
