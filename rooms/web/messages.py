"""Saying something, and pieces of the timeline for a page that is already open."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from ..access import message_for, reader_in, room_for
from ..errors import NotFound, RoomsError
from ..models import Attachment, Room
from ..services.attachments import attach_file
from . import timeline
from .composing import post_with_parts
from .doors import PageRequest, complain, page, with_patience
from .drawing import draw_message
from .forms import SayForm
from .rooms import draw_room


@require_POST
@page
def say(request: PageRequest, slug: str) -> HttpResponse:
    """Post from a page without scripts. What was typed stays typed when it is refused."""
    room = room_for(request.user, slug, "rooms.post_message")
    form, files = SayForm(request.POST), files_before(request, room)
    if form.is_valid():
        try:
            for file in request.FILES.getlist("files"):
                files.append(attach_file(room=room, by=request.user, file=file))
            facts = {**form.cleaned_data, "attachments": [file.pk for file in files]}
            post_with_parts(room=room, author=request.user, said=request.POST, **facts)
            return redirect(f"{room.get_absolute_url()}#end")
        except RoomsError as error:
            complain(form, error)
            return with_patience(draw_room(request, room, form, status=error.status, waiting=files), error)
    return draw_room(request, room, form, status=400, waiting=files)


def files_before(request: PageRequest, room: Room) -> list[Attachment]:
    """Those of the person's own that came with a message that was refused, and are still to be sent."""
    named = [id for id in request.POST.getlist("attachments") if is_uuid(id)]
    return list(Attachment.objects.filter(pk__in=named, room=room, uploader=request.user, message=None))


def is_uuid(value: str) -> bool:
    try:
        return bool(UUID(value))
    except ValueError:
        return False


@require_GET
@page
def history(request: PageRequest, slug: str) -> HttpResponse:
    """Articles before, after or around a number. Headers say whether there are more on either side."""
    room = room_for(request.user, slug)
    found = timeline.page_of(request, room, reader_in(request.user, room))
    response = HttpResponse("".join(draw_message(message) for message in timeline.messages_of(found)))
    response["X-Has-Before"] = str(int(found.has_before))
    response["X-Has-After"] = str(int(found.has_after))
    return response


@require_GET
@page
def show(request: PageRequest, slug: str, message_id: UUID) -> HttpResponse:
    """One message: its article for a script that asks for a piece, its place in the room for a person with a link."""
    message = message_for(request.user, message_id)
    if message.room.slug != slug:
        raise NotFound
    if "piece" in request.GET:
        reader = reader_in(request.user, message.room)
        return HttpResponse(draw_message(timeline.message_of(reader, message.pk)))
    return redirect(f"{message.room.get_absolute_url()}?around={message.seq}#m-{message.pk}")
