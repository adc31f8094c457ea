from __future__ import annotations

from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response
from rooms.errors import Forbidden, NotFound

from .. import services
from ..access import agents_for
from ..models import Agent
from . import present
from .forms import AgentFacts, NewAgentForm
from .shapes import AgentShape, AgentsShape


class Agents(APIView):
    scopes = {"POST": "admin"}

    @extend_schema(operation_id="list_agents", responses=AgentsShape, tags=["agents"], summary="The registry")
    def get(self, request: Request) -> Response:
        return Response({"results": [present.agent(agent, self.person) for agent in agents_for(self.person)]})

    @extend_schema(
        operation_id="create_agent",
        request=NewAgentForm,
        responses={201: AgentShape},
        tags=["agents"],
        summary="Make an agent (staff)",
    )
    def post(self, request: Request) -> Response:
        if not self.person.has_perm("agents.add_agent"):
            raise Forbidden("Only staff makes agents.")
        agent = services.create_agent(owner=self.person, **self.read(NewAgentForm))
        return Response(present.agent(agent, self.person), status=201)


class OneAgent(APIView):
    scopes = {"PATCH": "admin"}

    def agent(self, username: str) -> Agent:
        found = agents_for(self.person).filter(user__username=username.lower()).first()
        if found is None:
            raise NotFound
        return found

    @extend_schema(operation_id="show_agent", responses=AgentShape, tags=["agents"], summary="One agent")
    def get(self, request: Request, username: str) -> Response:
        return Response(present.agent(self.agent(username), self.person))

    @extend_schema(
        operation_id="change_agent",
        request=AgentFacts,
        responses=AgentShape,
        tags=["agents"],
        summary="Change an agent (its owner, or staff)",
    )
    def patch(self, request: Request, username: str) -> Response:
        agent = services.change_agent(agent=self.agent(username), by=self.person, **self.read(AgentFacts))
        return Response(present.agent(agent, self.person))
