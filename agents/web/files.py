"""Agents as files, on pages."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import messages as notices
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST
from rest_framework.exceptions import ValidationError

from rooms.api.errors import invalid
from rooms.errors import Invalid, RoomsError
from rooms.web.doors import PageRequest, page

from ..access import agent_for
from ..services.moving import export_agent, import_agent

LARGEST = 256 * 1024


@require_GET
@page
def export(request: PageRequest, username: str) -> HttpResponse:
    agent = agent_for(request.user, username)
    out = export_agent(agent=agent, by=request.user)
    response = HttpResponse(orjson.dumps(out, option=orjson.OPT_INDENT_2), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{agent.user.username}.agent.json"'
    return response


@require_POST
@page
def import_file(request: PageRequest) -> HttpResponse:
    try:
        agent = import_agent(by=request.user, **facts_of(request))
    except RoomsError as error:
        notices.error(request, " ".join(sentences_of(error)))
        return redirect("agents")
    notices.success(request, f"{agent.user.name} is there, and private.")
    return redirect("agent", agent.user.username)


def facts_of(request: PageRequest) -> dict[str, Any]:
    """What the file says, under another name if one was typed. Raises Invalid."""
    from ..api.forms import AgentFile

    facts = read(request.FILES.get("file"))
    if name := request.POST.get("username", "").strip():
        facts["username"] = name
    form = AgentFile(data=facts, context={"json": True})
    try:
        form.is_valid(raise_exception=True)
    except ValidationError as error:
        raise invalid(error.detail) from None
    return dict(form.validated_data)


def read(file: Any) -> dict[str, Any]:
    if not isinstance(file, UploadedFile) or (file.size or 0) > LARGEST:
        raise Invalid("Choose a file that an agent was exported to.")
    try:
        found = orjson.loads(file.read())
    except ValueError:
        raise Invalid("This file is no JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("This file is no exported agent.")
    return found


def sentences_of(error: RoomsError) -> list[str]:
    return [f"{name}: {one}" for name, said in (error.fields or {}).items() for one in said] or [error.detail]
