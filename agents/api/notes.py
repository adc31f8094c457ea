"""The notepad of a room: a note is called by its title, which it has alone there."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import APIView, Request, Response, Strict
from rooms.api.present import person, time
from rooms.api.shapes import PersonShape, Shape
from rooms.errors import Invalid, NotFound
from rooms.models import Room

from .. import services
from ..models import RoomNote
from ..models.note import LONGEST_NOTE
from ..services.notes import may_change, needed_to_change

POST = "rooms.post_message"


class NoteForm(Strict):
    body = serializers.CharField(max_length=LONGEST_NOTE, trim_whitespace=False)


class NoteChange(Strict):
    title = serializers.CharField(max_length=80, required=False)
    body = serializers.CharField(max_length=LONGEST_NOTE, trim_whitespace=False, required=False)


class NoteShape(Shape):
    title = serializers.CharField()
    body = serializers.CharField()
    author = PersonShape(allow_null=True, help_text="Whose words they are now: a person or an agent.")
    updated_at = serializers.DateTimeField()
    may_change = serializers.BooleanField(help_text="Whether you may.")


class NotesShape(Shape):
    results = NoteShape(many=True)


class NotesView(APIView):
    def shown(self, note: RoomNote) -> dict[str, object]:
        return {
            "title": note.title,
            "body": note.body,
            "author": note.author and person(note.author),
            "updated_at": time(note.updated_at),
            "may_change": may_change(self.person, note),
        }


class Notes(NotesView):
    @extend_schema(
        operation_id="list_notes",
        responses=NotesShape,
        tags=["notes"],
        summary="The notepad of a room, what was changed last first",
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response({"results": [self.shown(note) for note in notes_of(self.room())]})


class OneNote(NotesView):
    @extend_schema(operation_id="show_note", responses=NoteShape, tags=["notes"], summary="One note")
    def get(self, request: Request, slug: str, title: str) -> Response:
        return Response(self.shown(note_called(self.room(), title)))

    @extend_schema(
        operation_id="put_note",
        request=NoteForm,
        responses={201: NoteShape, 200: NoteShape},
        tags=["notes"],
        summary="Write a note of this title, or other words on it",
        description="Over words of somebody else only if you may change them: agents' words, and as a moderator all.",
    )
    def put(self, request: Request, slug: str, title: str) -> Response:
        room = self.room(POST)
        body = self.read(NoteForm)["body"]
        if standing := notes_of(room).filter(title__iexact=" ".join(title.split())).first():
            self.check_reach(room, needed_to_change(self.person, standing))
        note, created = services.put_note(room=room, by=self.person, title=title, body=body)
        return Response(self.shown(note), status=201 if created else 200)

    @extend_schema(
        operation_id="change_note",
        request=NoteChange,
        responses=NoteShape,
        tags=["notes"],
        summary="Change its words or its title (who wrote it, and moderators; an agent's note whoever may speak)",
    )
    def patch(self, request: Request, slug: str, title: str) -> Response:
        note = self.mine(title)
        said = self.read(NoteChange)
        if not said:
            raise Invalid(fields={"body": ["This field is required."]})
        facts = {"title": note.title, "body": note.body, **said}
        return Response(self.shown(services.change_note(note=note, by=self.person, **facts)))

    @extend_schema(
        operation_id="delete_note", responses={204: None}, tags=["notes"], summary="Take it off the notepad (likewise)"
    )
    def delete(self, request: Request, slug: str, title: str) -> Response:
        services.delete_note(note=self.mine(title), by=self.person)
        return Response(status=204)

    def mine(self, title: str) -> RoomNote:
        """One that they may change, and their token too. Raises NotFound or Forbidden."""
        note = note_called(self.room(), title)
        self.check_reach(note.room, needed_to_change(self.person, note))
        return note


def notes_of(room: Room) -> QuerySet[RoomNote]:
    return RoomNote.objects.filter(room=room).select_related("author", "room")


def note_called(room: Room, title: str) -> RoomNote:
    found = notes_of(room).filter(title__iexact=" ".join(title.split())).first()
    if found is None:
        raise NotFound
    return found
