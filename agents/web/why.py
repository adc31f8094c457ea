"""Why an agent said this: its run as a page, or as a piece of one for a dialog."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rooms.access import message_for
from rooms.web.doors import PageRequest, page

from ..access import known_to
from ..models import Reason
from ..provenance import provenance_of


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
        "ending": Reason(task.reason).label if task.reason else "",
        "prompts": [(step, why.shows_prompt_of(step)) for step in why.steps if step.prompt_sha256],
    }
    return render(request, "agents/_why.html" if "piece" in request.GET else "agents/why.html", context)


def dollars(micros: int) -> str:
    """Exactly, without zeros that say nothing: 1500000 is $1.50, 42 is $0.000042."""
    whole, rest = divmod(micros, 1_000_000)
    return f"${whole}.{f'{rest:06d}'.rstrip('0'):0<2}"


def seconds_between(began: datetime | None, ended: datetime | None) -> str:
    return f"{(ended - began).total_seconds():.1f}" if began and ended else ""
