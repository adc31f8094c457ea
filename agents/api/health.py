"""How the models of an agent are, for who may change it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from rooms.api.base import APIView, Request, Response
from rooms.api.present import time
from rooms.api.shapes import Shape
from rooms.errors import Forbidden

from ..access import agent_for
from ..routing.ailments import Told, health_of
from ..routing.health import STATES
from ..services.registry import may_change


class PlaceShape(Shape):
    name = serializers.CharField(help_text="Route and deployment, or the model where there is no route.")
    state = serializers.ChoiceField(choices=STATES)
    words = serializers.CharField(help_text="What is wrong; empty where nothing is.")
    since = serializers.DateTimeField(allow_null=True)
    first_word_seconds = serializers.FloatField(allow_null=True, help_text="To the first word, lately.")
    answered_at = serializers.DateTimeField(allow_null=True)


class AgentHealthShape(Shape):
    results = PlaceShape(many=True)


class AgentHealth(APIView):
    @extend_schema(
        operation_id="agent_health",
        responses=AgentHealthShape,
        tags=["agents"],
        summary="How the places are where its model is called (who may change it)",
        description="In the order in which they are tried. Members of a room find what concerns them in its seats.",
    )
    def get(self, request: Request, username: str) -> Response:
        agent = agent_for(self.person, username)
        if not may_change(self.person, agent):
            raise Forbidden("Only who may change an agent sees how its models are.")
        return Response({"results": [shown(one) for one in health_of(agent)]})


def shown(one: Told) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "words": one.words,
        "since": time(one.since),
        "first_word_seconds": one.first_word,
        "answered_at": time(one.answered_at),
    }
