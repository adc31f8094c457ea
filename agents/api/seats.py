from __future__ import annotations

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from .. import services
from ..access import agent_named, seat_for, seats_of
from ..runs.statuses import IDLE, standings
from . import present
from .forms import SeatForm, TriggerForm
from .shapes import SeatShape, SeatsShape

MANAGE = "rooms.manage_seats"


class Seats(APIView):
    scopes = {"POST": "admin"}

    @extend_schema(operation_id="list_seats", responses=SeatsShape, tags=["agents"], summary="The agents of a room")
    def get(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.see_members")
        doing = standings(room, self.person)
        return Response({"results": [present.seat(seat, doing.get(seat.pk, IDLE)) for seat in seats_of(room)]})

    @extend_schema(
        operation_id="seat_agent", request=SeatForm, responses={201: SeatShape}, tags=["agents"], summary="Bring one in"
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room(MANAGE)
        said = self.read(SeatForm)
        agent = agent_named(said.pop("agent"), self.person)
        seat = services.seat_agent(room=room, agent=agent, by=self.person, **said)
        return Response(present.seat(seat), status=201)


class OneSeat(APIView):
    scopes = {"PATCH": "admin", "DELETE": "admin"}

    @extend_schema(
        operation_id="change_seat",
        request=TriggerForm,
        responses=SeatShape,
        tags=["agents"],
        summary="Change when it answers here, and which of its tools it does without",
    )
    def patch(self, request: Request, slug: str, username: str) -> Response:
        seat = seat_for(self.room(MANAGE), username)
        return Response(present.seat(services.change_seat(seat=seat, by=self.person, **self.read(TriggerForm))))

    @extend_schema(operation_id="unseat_agent", responses={204: None}, tags=["agents"], summary="Send it out")
    def delete(self, request: Request, slug: str, username: str) -> Response:
        services.unseat_agent(seat=seat_for(self.room(MANAGE), username), by=self.person)
        return Response(status=204)
