"""What a question would cost, before it is asked."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import APIView, Request, Response, Strict, Username
from rooms.api.forms import Files
from rooms.api.shapes import Shape

from ..access import ASK
from ..models import Coordination
from ..money.foreseeing import foreseen
from ..services.asking import MOST, Wanted


class EstimateForm(Strict):
    body = serializers.CharField(
        max_length=64_000,
        required=False,
        allow_blank=True,
        default="",
        help_text="Needed unless there are attachments.",
    )
    coordination = serializers.ChoiceField(choices=Coordination.choices, required=False, default="")
    agents = serializers.ListField(child=Username(), max_length=MOST, required=False, default=list)
    reviewed = serializers.BooleanField(required=False, default=False)
    reply_to = serializers.UUIDField(required=False, allow_null=True, default=None)
    attachments = Files()

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if not said["body"] and not said.get("attachments"):
            raise serializers.ValidationError({"body": ["This field is required."]})
        return said


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
    notable = serializers.BooleanField(
        help_text="Worth saying unasked: several would answer, it costs something, or what is left will not do."
    )
    shortage = serializers.CharField(help_text="What is left that will likely not do, in a sentence; empty if it will.")


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
        wanted = Wanted(said.pop("coordination"), said.pop("agents"), said.pop("reviewed"))
        found = foreseen(room=room, by=self.person, wanted=wanted, **said)
        return Response(found.as_facts())
