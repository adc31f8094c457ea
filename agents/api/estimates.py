"""What a question would cost, before it is asked."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import APIView, Request, Response, Strict, Username
from rooms.api.shapes import Shape
from rooms.errors import Invalid
from rooms.models import Room, User

from ..access import ASK, seats_of
from ..models import Agent, Coordination
from ..money.estimating import asked_by, estimate

MOST = 8


class EstimateForm(Strict):
    body = serializers.CharField(max_length=16_000)
    coordination = serializers.ChoiceField(choices=Coordination.choices, required=False)
    agents = serializers.ListField(child=Username(), max_length=MOST, required=False)


class AgentShareShape(Shape):
    agent = serializers.CharField()
    calls = serializers.IntegerField()
    tokens = serializers.IntegerField()
    micros = serializers.IntegerField()


class EstimateShape(Shape):
    micros = serializers.IntegerField(help_text="Likely, in millionths of a dollar.")
    most_micros = serializers.IntegerField(help_text="If every answer grows as long as it may.")
    tokens = serializers.IntegerField()
    calls = serializers.IntegerField()
    coordination = serializers.CharField()
    agents = AgentShareShape(many=True)
    sentence = serializers.CharField()


class EstimateCost(APIView):
    @extend_schema(
        operation_id="estimate_cost",
        request=EstimateForm,
        responses=EstimateShape,
        tags=["agents"],
        summary="What a question to agents would cost",
        description="Without `agents`, those who would answer it. No model is called and nothing is set aside.",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room(ASK)
        said = self.read(EstimateForm)
        agents = agents_of(room, self.person, said.get("agents"), said["body"])
        found = estimate(room=room, body=said["body"], agents=agents, coordination=said.get("coordination", ""))
        return Response(found.as_facts())


def agents_of(room: Room, by: User, names: list[str] | None, body: str) -> list[Agent]:
    """Those named, in their order, or those who would answer. Raises Invalid for one that has no seat here."""
    seats = list(seats_of(room))
    if names is None:
        return asked_by(body, room, by, seats)
    seated = {seat.agent.user.username: seat.agent for seat in seats}
    if strange := [name for name in names if name not in seated]:
        raise Invalid(fields={"agents": [f"{strange[0]} is no agent of this room."]})
    return [seated[name] for name in dict.fromkeys(names)]
