"""Why an agent said this: its run as a page, or as a piece of one for a dialog."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rooms.access import message_for
from rooms.web.doors import PageRequest, page

from ..access import known_to
from ..inside.provenance import provenance_of
from ..models import Reason
from ..tools.uses import uses_of
from .money import dollars
from .panel import Node, seconds_between, told_once


@require_GET
@page
def show(request: PageRequest, message_id: UUID) -> HttpResponse:
    why = provenance_of(message_for(request.user, message_id), request.user)
    task = why.task
    context = {
        "why": why,
        "task": task,
        "room": task.room,
        "agent": task.agent.user,
        "knows_agent": task.agent_id in known_to(request.user, [task.agent_id]),
        "cost": dollars(why.cost_micros),
        "seconds": seconds_between(task.started_at, task.ended_at),
        "calls": told_once(call for step in why.steps for call in Node(step, why, None, 0).calls),
        "ending": Reason(task.reason).label if task.reason else "",
        "used": uses_of(request.user, task.room, [task.pk]),
        "prompts": [(step, why.shows_hash_of(step)) for step in why.steps if step.prompt_sha256],
    }
    return render(request, "agents/_why.html" if "piece" in request.GET else "agents/why.html", context)


__all__ = ["dollars", "show"]
