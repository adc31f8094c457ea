from __future__ import annotations

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response
from rooms.api.present import time

from .. import services
from ..models import Conduct
from .forms import PauseForm
from .seats import MANAGE
from .shapes import PauseShape


class Pause(APIView):
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="pause_agents",
        request=PauseForm,
        responses=PauseShape,
        tags=["agents"],
        summary="Stop all agents of a room, and let none begin",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room(MANAGE)
        said = self.read(PauseForm)
        return Response(shown(services.pause_agents(room=room, by=self.person, reason=said["reason"])))


class Resume(APIView):
    with_body = ()
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="resume_agents",
        request=None,
        responses=PauseShape,
        tags=["agents"],
        summary="Let the agents of a room answer again",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room(MANAGE)
        services.resume_agents(room=room, by=self.person)
        return Response(shown(Conduct(room=room)))


def shown(conduct: Conduct) -> dict[str, object]:
    by = conduct.paused_by
    return {"paused_at": time(conduct.paused_at), "paused_by": by and by.username, "reason": conduct.pause_reason}
