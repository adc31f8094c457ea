from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema

from ..models import Membership, Room
from ..services import memberships, reactions, rooms
from . import present
from .base import APIView, Request, Response
from .forms import ReadForm, RoomChanges, RoomForm, RoomsQuery
from .shapes import ReadShape, RoomShape, RoomsShape


class Rooms(APIView):
    with_query = ("GET",)
    for_bound_tokens = True

    @extend_schema(
        operation_id="list_rooms",
        parameters=[RoomsQuery],
        responses=RoomsShape,
        tags=["rooms"],
        summary="Rooms I may see, by slug",
    )
    def get(self, request: Request) -> Response:
        said = self.query(RoomsQuery)
        limit = said["limit"]
        found = list(self.visible(**said)[: limit + 1])
        return Response({"results": present.rooms(self.person, found[:limit]), "has_after": len(found) > limit})

    def visible(self, *, mine: bool, limit: int, after: str = "") -> QuerySet[Room]:
        visible = Room.objects.visible_to(self.person).filter(listed=True, slug__gt=after).order_by("slug")
        if mine:
            visible = visible.filter(pk__in=self.person.memberships.values("room"))
        if self.grant.rooms is not None:
            visible = visible.filter(pk__in=self.grant.rooms)
        return visible

    @extend_schema(
        operation_id="create_room",
        request=RoomForm,
        responses={201: RoomShape},
        tags=["rooms"],
        summary="Make a room, and become its owner",
    )
    def post(self, request: Request) -> Response:
        self.refuse_bound("A token bound to rooms makes no new ones.")
        room = rooms.create_room(creator=self.person, **self.read(RoomForm))
        return Response(present.room(self.person, room), status=201)


class OneRoom(APIView):
    scopes = {"PATCH": "admin", "DELETE": "admin"}

    @extend_schema(operation_id="room", responses=RoomShape, tags=["rooms"], summary="One room")
    def get(self, request: Request, slug: str) -> Response:
        return Response(present.room(self.person, self.room()))

    @extend_schema(
        operation_id="change_room",
        request=RoomChanges,
        responses=RoomShape,
        tags=["rooms"],
        summary="Change name, topic or visibility",
    )
    def patch(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.change_room")
        changed = rooms.change_room(room=room, by=self.person, **self.read(RoomChanges))
        return Response(present.room(self.person, changed))

    @extend_schema(operation_id="delete_room", responses={204: None}, tags=["rooms"], summary="Delete the room")
    def delete(self, request: Request, slug: str) -> Response:
        rooms.delete_room(room=self.room("rooms.delete_room"), by=self.person)
        return Response(status=204)


class Join(APIView):
    with_body = ()

    @extend_schema(
        operation_id="join_room", request=None, responses=RoomShape, tags=["members"], summary="Join a public room"
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room()
        if Membership.objects.filter(room=room, user=self.person).exists():
            return Response(present.room(self.person, room))
        self.check_reach(room, "rooms.join_room")
        memberships.join_room(room=room, user=self.person)
        return Response(present.room(self.person, self.room()))


class Leave(APIView):
    with_body = ()

    @extend_schema(operation_id="leave_room", request=None, responses={204: None}, tags=["members"], summary="Leave")
    def post(self, request: Request, slug: str) -> Response:
        memberships.leave_room(room=self.room(), user=self.person)
        return Response(status=204)


class ReadMark(APIView):
    @extend_schema(
        operation_id="mark_read", request=ReadForm, responses=ReadShape, tags=["rooms"], summary="I have read so far"
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room()
        reactions.mark_read(room=room, user=self.person, **self.read(ReadForm))
        facts = present.room(self.person, room)
        return Response({"read_seq": facts["read_seq"], "unread": facts["unread"]})
