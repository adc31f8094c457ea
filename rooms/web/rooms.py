"""The directory, a room, and what one may change about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings as conf
from django.contrib import messages as notices
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ..access import Rights, reader_in, require, rights_in, room_for
from ..errors import RoomsError
from ..models import Attachment, Membership, Room, User
from ..services.drafting import MAX_ATTACHED
from ..services.reactions import mark_read
from ..services.rooms import change_room, create_room, delete_room
from . import timeline
from .composing import parts_for
from .doors import PageRequest, complain, page
from .forms import RoomForm, SayForm, SearchForm
from .panels import panels_for
from .people import people_of


@require_GET
def directory(request: HttpRequest) -> HttpResponse:
    if not isinstance(request.user, User):
        return render(request, "landing.html")
    return my_directory(request)


@page
def my_directory(request: PageRequest) -> HttpResponse:
    return draw_directory(request, RoomForm())


def draw_directory(request: PageRequest, form: RoomForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "open_rooms": open_rooms(request.user), "may_create": request.user.kind != User.Kind.GUEST}
    return render(request, "rooms/directory.html", context, status=status)


def open_rooms(user: User) -> QuerySet[Room]:
    """Public rooms this person is not in yet, the liveliest first."""
    others = Room.objects.visible_to(user).filter(visibility=Room.Visibility.PUBLIC, kind=Room.Kind.ROOM)
    sized = others.exclude(memberships__user=user).annotate(size=Count("memberships"))
    return sized.order_by(F("size").desc(), "name")[:120]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def create(request: PageRequest) -> HttpResponse:
    """Whoever types this address wants to see the rooms."""
    if request.method != "POST":
        return redirect("directory")
    form = RoomForm(request.POST)
    if form.is_valid():
        try:
            return redirect(create_room(creator=request.user, **form.cleaned_data))
        except RoomsError as error:
            complain(form, error)
    return draw_directory(request, form, status=400)


@require_GET
@page
def show(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    return draw_room(request, room, SayForm(initial={"reply_to": request.GET.get("reply_to", "")}))


def draw_room(
    request: PageRequest, room: Room, form: SayForm, status: int = 200, waiting: Sequence[Attachment] = ()
) -> HttpResponse:
    """`waiting` are files that came with a message that was refused."""
    context = room_context(request, room, form) | {"waiting": waiting}
    return render(request, "rooms/room.html", context, status=status)


def room_context(request: PageRequest, room: Room, form: SayForm) -> dict[str, Any]:
    """The whole room. `room` was read before its messages, so its `last_seq` is a number the page surely has."""
    rights = rights_in(request.user, room)
    own = Membership.objects.filter(room=room, user=request.user).first()
    shown = timeline.read(request, room, reader_in(request.user, room), own.read_seq if own else None)
    return {
        "after": room.last_seq,
        "read_seq": own.read_seq if own else "",
        "may_see_members": rights.allow("see_members"),
        "may_invite": rights.allow("invite_member"),
        "may_seat": rights.allow("manage_seats"),
        **around_context(request, room, form, rights),
        **shown,
        **(people_of(room, request.user) if rights.allow("see_members") else {}),
    }


def around_context(request: PageRequest, room: Room, form: SayForm, rights: Rights) -> dict[str, Any]:
    """What stands around the conversation: the title above it, and where one writes."""
    return {
        "room": room,
        "form": form,
        "may": sorted(rights.perms),
        "may_post": rights.allow("post_message"),
        "may_join": rights.role is None and rights.allow("join_room"),
        "has_agents": Membership.objects.filter(room=room, user__kind=User.Kind.AGENT).exists(),
        "max_characters": conf.MESSAGE_MAX_CHARACTERS,
        "composer_parts": parts_for(room, request.user, request.POST),
        "most_files": MAX_ATTACHED,
        "most_bytes": conf.ATTACHMENT_MAX_BYTES,
    }


@require_GET
@page
def around(request: PageRequest, slug: str) -> HttpResponse:
    """What stands around the conversation, drawn anew for a page that is open already."""
    room = room_for(request.user, slug)
    context = around_context(request, room, SayForm(), rights_in(request.user, room))
    return render(request, "rooms/_around.html", context)


@require_GET
@page
def sidebar(request: PageRequest) -> HttpResponse:
    """The rooms of the sidebar, drawn anew."""
    return render(request, "parts/side_rooms.html", {"room": {"slug": request.GET.get("here", "")}})


@require_GET
@page
def people(request: PageRequest, slug: str) -> HttpResponse:
    """Who belongs to the room, drawn anew."""
    room = room_for(request.user, slug, "rooms.see_members")
    context = {
        "room": room,
        "may_invite": request.user.has_perm("rooms.invite_member", room),
        "may_seat": request.user.has_perm("rooms.manage_seats", room),
        **people_of(room, request.user),
    }
    return render(request, "rooms/_aside.html", context)


@require_POST
@page
def read(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    mark_read(room=room, user=request.user, seq=room.last_seq)
    return redirect(room)


@require_GET
@page
def search(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    hits = []
    try:
        hits = timeline.search(request.user, room, words) if words.strip() else []
    except RoomsError as error:
        complain(form, error)
    return render(request, "rooms/search.html", {"room": room, "form": form, "words": words, "hits": hits})


@require_http_methods(["GET", "POST"])
@page
def settings(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    rights = rights_in(request.user, room)
    form = RoomForm(
        request.POST or None, initial={"name": room.name, "topic": room.topic, "visibility": room.visibility}
    )
    if room.kind == Room.Kind.SESSION:  # always private
        del form.fields["visibility"]
    if request.method == "POST" and form.is_valid():
        require(request.user, room, "rooms.change_room")
        try:
            change_room(room=room, by=request.user, **form.cleaned_data)
            notices.success(request, "Saved.")
            return redirect("room_settings", room.slug)
        except RoomsError as error:
            complain(form, error)
    context = {
        "room": room,
        "form": form,
        "role": rights.role,
        "may_change": rights.allow("change_room"),
        "may_delete": rights.allow("delete_room"),
        "may_join": rights.role is None and rights.allow("join_room"),
        "panels": panels_for(room, request.user),
    }
    return render(request, "rooms/settings.html", context, status=400 if form.errors else 200)


@require_POST
@page
def delete(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug, "rooms.delete_room")
    if request.POST.get("name", "").strip() != room.name:
        notices.error(request, f"To delete the room, type its name: {room.name}")
        return redirect("room_settings", room.slug)
    delete_room(room=room, by=request.user)
    notices.success(request, f"{room.name} is gone.")
    return redirect("directory")
