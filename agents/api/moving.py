from __future__ import annotations

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from ..services.moving import export_agent, import_agent
from . import present
from .forms import AgentFile
from .registry import AgentView
from .shapes import AgentShape


class ExportAgent(AgentView):
    @extend_schema(
        operation_id="export_agent",
        responses=AgentFile,
        tags=["agents"],
        summary="An agent as a file (for those who may change it)",
    )
    def get(self, request: Request, username: str) -> Response:
        agent = self.agent()
        response = Response(export_agent(agent=agent, by=self.person))
        response["Content-Disposition"] = f'attachment; filename="{agent.user.username}.agent.json"'
        return response


class ImportAgent(APIView):
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="import_agent",
        request=AgentFile,
        responses={201: AgentShape},
        tags=["agents"],
        summary="An agent out of a file: mine, and private",
    )
    def post(self, request: Request) -> Response:
        agent = import_agent(by=self.person, **self.read(AgentFile))
        return Response(present.agent(agent, self.person), status=201)
