from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema

from rooms.api.base import APIView, Request, Response

from .. import services
from ..access import agent_for
from ..models import Agent
from ..registry.finding import find_agents
from ..services.registry import first_visibility, require_may_make
from . import present
from .forms import AgentChanges, AgentsQuery, CopyForm, NewAgentForm
from .shapes import AgentShape, AgentsShape

SHARING = {"shared_with": "users", "shared_rooms": "rooms"}


def share(agent: Agent, view: APIView, said: dict[str, Any]) -> None:
    """What of a request says with whom an agent is shared, taken out of it and done."""
    found = {argument: said.pop(name) for name, argument in SHARING.items() if name in said}
    if found:
        services.share_agent(agent=agent, by=view.person, **found)


class Agents(APIView):
    with_query = ("GET",)
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="list_agents",
        parameters=[AgentsQuery],
        responses=AgentsShape,
        tags=["agents"],
        summary="The registry: the agents I may use",
    )
    def get(self, request: Request) -> Response:
        said = self.query(AgentsQuery)
        found = find_agents(self.person, said["q"], said["whose"]).prefetch_related("shared_with", "shared_rooms")
        return Response({"results": [present.agent(agent, self.person) for agent in found]})

    @extend_schema(
        operation_id="create_agent",
        request=NewAgentForm,
        responses={201: AgentShape},
        tags=["agents"],
        summary="Make an agent, and become its owner",
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        said = self.read(NewAgentForm)
        require_may_make(self.person, said)
        sharing = {name: said.pop(name) for name in SHARING if name in said}
        said.setdefault("visibility", first_visibility(self.person))
        agent = services.create_agent(owner=self.person, **said)
        share(agent, self, sharing)
        return Response(present.agent(agent, self.person), status=201)


class AgentView(APIView):
    def agent(self) -> Agent:
        """The agent of the address, if they may know of it."""
        return agent_for(self.person, self.kwargs["username"])


class OneAgent(AgentView):
    scopes = {"PATCH": "admin", "DELETE": "admin"}

    @extend_schema(operation_id="show_agent", responses=AgentShape, tags=["agents"], summary="One agent")
    def get(self, request: Request, username: str) -> Response:
        return Response(present.agent(self.agent(), self.person))

    @extend_schema(
        operation_id="change_agent",
        request=AgentChanges,
        responses=AgentShape,
        tags=["agents"],
        summary="Change an agent (its owner, or staff); what makes it another one makes a version",
    )
    @transaction.atomic
    def patch(self, request: Request, username: str) -> Response:
        said, agent = self.read(AgentChanges), self.agent()
        share(agent, self, said)
        agent = services.change_agent(agent=agent, by=self.person, **said)
        return Response(present.agent(agent, self.person))

    @extend_schema(
        operation_id="retire_agent",
        responses={204: None},
        tags=["agents"],
        summary="Retire an agent: it leaves every room, and its name stays taken",
    )
    def delete(self, request: Request, username: str) -> Response:
        services.retire_agent(agent=self.agent(), by=self.person)
        return Response(status=204)


class CopyAgent(AgentView):
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="copy_agent",
        request=CopyForm,
        responses={201: AgentShape},
        tags=["agents"],
        summary="The same agent under another name (for those who may change it)",
    )
    def post(self, request: Request, username: str) -> Response:
        made = services.copy_agent(agent=self.agent(), by=self.person, **self.read(CopyForm))
        return Response(present.agent(made, self.person), status=201)
