"""Chat sessions under `/api/chat/`: one person's conversations with agents. The same rooms, seen from one side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from rooms.access import require
from rooms.api.base import APIView, Request, Response
from rooms.api.forms import MessageForm, PageQuery
from rooms.api.hot import Visit
from rooms.api.messages import Messages
from rooms.api.renderers import JSON
from rooms.api.shapes import MessageShape, PageShape
from rooms.background import in_thread
from rooms.errors import NotFound
from rooms.models import Room

from ..access import ASK, agent_named, seat_for, seats_of
from ..models import Coordination
from ..services.asking import ask
from ..services.sessions import (
    begin_session,
    delete_session,
    deleted_session,
    restore_session,
    sessions_before,
    sessions_of,
)
from . import present
from .forms import DirectForm, SessionForm, SessionsQuery, TogetherForm
from .session_facts import SessionShape, SessionsShape, session, sessions
from .shapes import SeatsShape

POST = "rooms.post_message"
ALONE = Coordination.SEPARATE


class SessionView(APIView):
    def session(self, perm: str = "rooms.read_room") -> Room:
        """The session of the address, if they may do this there. An ordinary room is none."""
        room = self.room()
        if room.kind != Room.Kind.SESSION:
            raise NotFound
        self.check_reach(room, perm)
        return room


class Sessions(APIView):
    with_query = ("GET",)
    for_bound_tokens = True

    @extend_schema(
        operation_id="list_sessions",
        parameters=[SessionsQuery],
        responses=SessionsShape,
        tags=["sessions"],
        summary="My conversations with agents, the latest first",
    )
    def get(self, request: Request) -> Response:
        said = self.query(SessionsQuery)
        if "before" in said:
            found = sessions_before(self.person, said["before"], deleted=said["deleted"])
        else:
            found = sessions_of(self.person, deleted=said["deleted"])
        if self.grant.rooms is not None:
            found = found.filter(pk__in=self.grant.rooms)
        page = list(found[: said["limit"] + 1])
        shown = sessions(self.person, page[: said["limit"]])
        return Response({"results": shown, "has_before": len(page) > said["limit"]})

    @extend_schema(
        operation_id="begin_session",
        request=SessionForm,
        responses={201: SessionShape},
        tags=["sessions"],
        summary="Begin a conversation with one or more agents",
    )
    def post(self, request: Request) -> Response:
        self.refuse_bound("A token bound to rooms begins no conversations.")
        said = self.read(SessionForm)
        agents = [agent_named(name, self.person, "agents") for name in said.pop("agents")]
        room = begin_session(by=self.person, agents=agents, **said)
        return Response(session(self.person, room), status=201)


class OneSession(SessionView):
    @extend_schema(operation_id="show_session", responses=SessionShape, tags=["sessions"], summary="One conversation")
    def get(self, request: Request, slug: str) -> Response:
        return Response(session(self.person, self.session()))

    @extend_schema(
        operation_id="delete_session",
        responses={204: None},
        tags=["sessions"],
        summary="Delete a conversation; it can be restored for 30 days",
    )
    def delete(self, request: Request, slug: str) -> Response:
        room = self.session()
        require(self.person, room, "rooms.delete_room")  # it can be restored, so a token that writes may
        delete_session(room=room, by=self.person)
        return Response(status=204)


class RestoreSession(APIView):
    with_body = ()

    @extend_schema(
        operation_id="restore_session",
        request=None,
        responses=SessionShape,
        tags=["sessions"],
        summary="Bring a deleted conversation back",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = deleted_session(self.person, slug)
        if not self.grant.covers(room.pk):
            raise NotFound
        return Response(session(self.person, restore_session(room=room, by=self.person)))


class SessionMessages(Messages):
    """Those of rooms, in sessions only."""

    async def enter(self, request: HttpRequest, slug: str, perm: str) -> Visit:
        visit = await super().enter(request, slug, perm)
        if not await in_thread(is_session, visit.room_id):
            raise NotFound
        return visit

    @extend_schema(
        operation_id="list_session_messages",
        parameters=[PageQuery],
        responses=PageShape,
        tags=["sessions"],
        summary="A page of messages, oldest first; the latest ones without a bound",
    )
    async def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return await super().get(request, slug)

    @extend_schema(
        operation_id="post_session_message",
        request=MessageForm,
        responses={201: MessageShape, 200: MessageShape},
        tags=["sessions"],
        summary="Say something; the agents answer",
    )
    async def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        return await super().post(request, slug)


def is_session(room_id: int) -> bool:
    return Room.objects.filter(pk=room_id, kind=Room.Kind.SESSION).exists()


class SessionAgents(SessionView):
    @extend_schema(
        operation_id="list_session_agents", responses=SeatsShape, tags=["sessions"], summary="Who answers there"
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response({"results": [present.seat(seat) for seat in seats_of(self.session("rooms.see_members"))]})


class AskDirectly(SessionView):
    @extend_schema(
        operation_id="ask_directly",
        request=DirectForm,
        responses={201: MessageShape, 200: MessageShape},
        tags=["sessions"],
        summary="Say something that this agent alone answers",
    )
    def post(self, request: Request, slug: str, username: str) -> HttpResponse:
        room = self.session(ASK)
        self.check_reach(room, POST)
        agent = seat_for(room, username).agent.user.username
        posted = ask(room=room, by=self.person, coordination=ALONE, agents=[agent], **self.read(DirectForm))
        return HttpResponse(posted.json, content_type=JSON, status=201 if posted.created else 200)


class AskTogether(SessionView):
    @extend_schema(
        operation_id="ask_session_together",
        request=TogetherForm,
        responses={201: MessageShape, 200: MessageShape},
        tags=["sessions"],
        summary="Say something and how the agents are to work on it, this once",
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        room = self.session(ASK)
        self.check_reach(room, POST)
        posted = ask(room=room, by=self.person, **self.read(TogetherForm))
        return HttpResponse(posted.json, content_type=JSON, status=201 if posted.created else 200)
