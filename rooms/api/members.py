from __future__ import annotations

from drf_spectacular.utils import extend_schema

from ..errors import Invalid, NotFound
from ..models import Membership, Room, User
from ..services import memberships
from . import present
from .base import APIView, Request, Response
from .forms import MemberForm, RoleForm
from .shapes import MemberShape, MembersShape


class Members(APIView):
    scopes = {"POST": "moderate"}

    @extend_schema(operation_id="list_members", responses=MembersShape, tags=["members"], summary="Who is in the room")
    def get(self, request: Request, slug: str) -> Response:
        members = Membership.objects.filter(room=self.room("rooms.see_members")).select_related("user")
        return Response({"results": [present.member(one) for one in members.order_by("user__username")]})

    @extend_schema(
        operation_id="add_member",
        request=MemberForm,
        responses={201: MemberShape},
        tags=["members"],
        summary="Bring somebody in",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room("rooms.add_member")
        said = self.read(MemberForm)
        added = memberships.add_member(room=room, user=person(said["username"]), role=said["role"], by=self.person)
        return Response(present.member(added), status=201)


class OneMember(APIView):
    scopes = {"PATCH": "admin", "DELETE": "moderate"}

    @extend_schema(
        operation_id="change_role", request=RoleForm, responses=MemberShape, tags=["members"], summary="Change a role"
    )
    def patch(self, request: Request, slug: str, username: str) -> Response:
        room = self.room("rooms.change_role")
        user = member(room, username)
        changed = memberships.change_role(room=room, user=user, by=self.person, **self.read(RoleForm))
        return Response(present.member(changed))

    @extend_schema(operation_id="remove_member", responses={204: None}, tags=["members"], summary="Send somebody out")
    def delete(self, request: Request, slug: str, username: str) -> Response:
        room = self.room("rooms.remove_member")
        memberships.remove_member(room=room, user=member(room, username), by=self.person)
        return Response(status=204)


def person(username: str) -> User:
    """Agents are not added like people: who may bring one in, and know of it, is asked where it gets its seat."""
    found = User.objects.exclude(kind=User.Kind.AGENT).filter(username=username).first()
    if found is None:
        raise Invalid(fields={"username": ["There is nobody of that name."]})
    return found


def member(room: Room, username: str) -> User:
    found = Membership.objects.select_related("user").filter(room=room, user__username=username.lower()).first()
    if found is None:
        raise NotFound
    return found.user
