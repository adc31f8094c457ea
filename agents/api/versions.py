from __future__ import annotations

from drf_spectacular.utils import extend_schema

from rooms.api.base import Request, Response

from .. import services
from ..models import Agent, AgentVersion
from ..services.registry import may_change
from ..services.versions import version_of
from . import present
from .forms import VersionQuery
from .registry import AgentView
from .shapes import AgentShape
from .version_facts import ComparedShape, VersionsShape, compared, version


class Versions(AgentView):
    @extend_schema(
        operation_id="list_agent_versions",
        responses=VersionsShape,
        tags=["agents"],
        summary="What an agent was, newest first",
    )
    def get(self, request: Request, username: str) -> Response:
        found = AgentVersion.objects.filter(agent=self.agent()).select_related("made_by").order_by("-number")
        return Response({"results": [version(one) for one in found]})


class OneVersion(AgentView):
    with_query = ("GET",)

    @extend_schema(
        operation_id="show_agent_version",
        parameters=[VersionQuery],
        responses=ComparedShape,
        tags=["agents"],
        summary="One version, and what differs from another",
    )
    def get(self, request: Request, username: str, number: int) -> Response:
        agent, said = self.agent(), self.query(VersionQuery)
        found = version_of(agent, number)
        before = version_of(agent, said["against"]) if "against" in said else one_before(agent, number)
        return Response(compared(found, before, to_editor=may_change(self.person, agent)))


def one_before(agent: Agent, number: int) -> AgentVersion | None:
    return AgentVersion.objects.filter(agent=agent, number__lt=number).order_by("-number").first()


class RestoreVersion(AgentView):
    with_body = ()
    scopes = {"POST": "admin"}

    @extend_schema(
        operation_id="restore_agent_version",
        request=None,
        responses=AgentShape,
        tags=["agents"],
        summary="Make an agent what it was: a new version like the old one",
    )
    def post(self, request: Request, username: str, number: int) -> Response:
        agent = services.restore_version(agent=self.agent(), number=number, by=self.person)
        return Response(present.agent(agent, self.person))
