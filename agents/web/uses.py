"""What tools did for the answers of a room, and what waits there for somebody's approval: pieces of a page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from rooms.access import room_for
from rooms.errors import Invalid
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt

from .. import services
from ..access import approval_for, check_decider
from ..tools.uses import of_answers, uses_of

MOST = 100


@require_GET
@page
def show(request: PageRequest, slug: str) -> HttpResponse:
    """`?run=…&run=…`: the panels of these runs, of each that used tools."""
    room = room_for(request.user, slug)
    asked = [as_id(text) for text in request.GET.getlist("run")[:MOST]]
    used = of_answers(uses_of(request.user, room, asked))
    return render(request, "agents/_uses.html", {"room": room, "used": used})


def as_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(fields={"run": ["The id of a run."]}) from None


@require_POST
@page
def decide(request: PageRequest, approval_id: UUID) -> HttpResponse:
    """For pages without scripts; the others ask the REST door."""
    found = approval_for(request.user, approval_id)
    check_decider(request.user, found)
    decision = request.POST.get("decision")
    if decision not in ("approve", "deny"):
        raise Invalid(fields={"decision": ["approve or deny."]})
    wanted = decision == "approve"
    if attempt(request, lambda: services.decide_approval(approval=found, by=request.user, approve=wanted)):
        notices.success(request, "Approved." if wanted else "Refused.")
    return redirect("room", found.step.task.room.slug)
