"""What agents did: the runs of a room, and one run step by step, as a page or as a piece of one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from rooms.access import as_uuid, require, room_for
from rooms.errors import Invalid, RoomsError
from rooms.web.doors import PageRequest, page
from rooms.web.panels import panels_for

from .. import services
from ..access import ASK, needed_to_cancel, run_for, runs_for
from ..inside.provenance import stories_of, story_of
from ..models import Task
from ..tools.uses import uses_of
from .panel import panel_of

PAGE = 40


@require_GET
@page
def index(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    runs = runs_for(request.user, room).order_by("-id")
    if "before" in request.GET:
        runs = runs.filter(pk__lt=as_uuid(request.GET["before"]))
    found = list(runs[: PAGE + 1])
    stories = stories_of(found[:PAGE], room, request.user)
    context = {
        "room": room,
        "rows": [panel_of(story, request.user) for story in stories],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "panels": panels_for(room, request.user),
    }
    return render(request, "agents/runs.html", context)


@require_GET
@page
def show(request: PageRequest, run_id: UUID) -> HttpResponse:
    story = story_of(run_for(request.user, run_id), request.user)
    task = story.task
    context = {
        "panel": panel_of(story, request.user),
        "story": story,
        "task": task,
        "room": task.room,
        "used": uses_of(request.user, task.room, [task.pk]) if task.is_live else [],
    }
    return render(request, "agents/_run.html" if "piece" in request.GET else "agents/run.html", context)


@require_POST
@page
def act(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Stop the run or a step of it, or do it again from a step: the buttons of its page."""
    run = run_for(request.user, run_id)
    require(request.user, run.room, needed_to_cancel(request.user, run))
    try:
        run = do(request, run)
    except RoomsError as error:
        notices.error(request, error.detail)
    return redirect("run", run.pk)


def do(request: PageRequest, run: Task) -> Task:
    verb, step = request.POST.get("verb", ""), request.POST.get("step", "")
    if verb == "cancel":
        return services.cancel_run(run=run, by=request.user)
    if verb == "cancel_step":
        return services.cancel_step(run=run, step_id=as_uuid(step), by=request.user)
    if verb == "retry_step":
        require(request.user, run.room, ASK)
        return services.retry_step(run=run, step_id=as_uuid(step), by=request.user)
    raise Invalid(fields={"verb": ["One of cancel, cancel_step, retry_step."]})
