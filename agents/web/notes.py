"""The notepad of a room: what people and agents have written down to keep."""

from __future__ import annotations

from django import forms
from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from rooms.access import require, room_for
from rooms.errors import NotFound, RoomsError
from rooms.models import Room, User
from rooms.web.doors import PageRequest, complain, page
from rooms.web.members import attempt
from rooms.web.panels import Panel, panels_for

from .. import services
from ..models import RoomNote
from ..models.note import LONGEST_NOTE
from ..services.notes import may_change

POST = "rooms.post_message"


class NoteForm(forms.Form):
    title = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    body = forms.CharField(max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 5}), label="Note")


def panel(room: Room, user: User) -> Panel:
    """For `ROOM_PANELS`."""
    return Panel("Notes", reverse("room_notes", args=[room.slug]))


@require_http_methods(["GET", "POST"])
@page
def index(request: PageRequest, slug: str) -> HttpResponse:
    room = room_for(request.user, slug)
    form = NoteForm(request.POST or None)
    if request.method == "POST":
        require(request.user, room, POST)
        if form.is_valid() and put(request, room, form):
            return redirect("room_notes", room.slug)
    return draw(request, room, form)


def put(request: PageRequest, room: Room, form: NoteForm) -> bool:
    try:
        if RoomNote.objects.filter(room=room, title__iexact=form.cleaned_data["title"]).exists():
            form.add_error("title", "There is a note of this title already.")
            return False
        services.write_note(room=room, by=request.user, **form.cleaned_data)
    except RoomsError as error:
        complain(form, error)
        return False
    return True


def draw(request: PageRequest, room: Room, form: NoteForm) -> HttpResponse:
    notes = RoomNote.objects.filter(room=room).select_related("author", "room")
    context = {
        "room": room,
        "form": form,
        "notes": [(note, may_change(request.user, note)) for note in notes],
        "may_write": request.user.has_perm(POST, room),
        "panels": panels_for(room, request.user),
    }
    return render(request, "agents/notes.html", context, status=400 if form.errors else 200)


@require_POST
@page
def change(request: PageRequest, slug: str, note_id: int) -> HttpResponse:
    note = note_in(room_for(request.user, slug), note_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        notices.error(request, "A note has a title and some words.")
    elif attempt(request, lambda: services.change_note(note=note, by=request.user, **form.cleaned_data)):
        notices.success(request, "Saved.")
    return redirect("room_notes", slug)


@require_POST
@page
def delete(request: PageRequest, slug: str, note_id: int) -> HttpResponse:
    note = note_in(room_for(request.user, slug), note_id)
    if attempt(request, lambda: services.delete_note(note=note, by=request.user)):
        notices.success(request, f"«{note.title}» is gone.")
    return redirect("room_notes", slug)


def note_in(room: Room, note_id: int) -> RoomNote:
    found = RoomNote.objects.filter(pk=note_id, room=room).select_related("author", "room").first()
    if found is None:
        raise NotFound
    return found
