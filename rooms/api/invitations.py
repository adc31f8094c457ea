from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema

from ..errors import NotFound
from ..services import invitations
from . import present
from .base import APIView, Request, Response
from .forms import AcceptForm, InvitationForm
from .shapes import InvitationsShape, NewInvitationShape, RoomShape

PERM = "rooms.invite_member"


class Invitations(APIView):
    scopes = {"GET": "moderate", "POST": "moderate"}

    @extend_schema(
        operation_id="list_invitations",
        responses=InvitationsShape,
        tags=["members"],
        summary="Links into the room that still hold",
        description="Your own, and everybody's for those who may send people out.",
    )
    def get(self, request: Request, slug: str) -> Response:
        room = self.room(PERM)
        found = invitations.invitations_for(room, self.person)
        return Response({"results": [present.invitation(one) for one in found]})

    @extend_schema(
        operation_id="create_invitation",
        request=InvitationForm,
        responses={201: NewInvitationShape},
        tags=["members"],
        summary="Make a link into the room",
    )
    def post(self, request: Request, slug: str) -> Response:
        room = self.room(PERM)
        said = self.read(InvitationForm, request.data or {})
        expires_in = timedelta(hours=said.pop("expires_in_hours"))
        invitation, secret = invitations.create_invitation(room=room, by=self.person, expires_in=expires_in, **said)
        url = settings.PUBLIC_URL + reverse("invitation", args=[secret])
        return Response({**present.invitation(invitation), "secret": secret, "url": url}, status=201)


class OneInvitation(APIView):
    scopes = {"DELETE": "moderate"}

    @extend_schema(
        operation_id="revoke_invitation", responses={204: None}, tags=["members"], summary="The link holds no more"
    )
    def delete(self, request: Request, slug: str, prefix: str) -> Response:
        room = self.room(PERM)
        invitation = invitations.invitations_for(room, self.person).filter(prefix=prefix).first()
        if invitation is None:
            raise NotFound
        invitations.revoke_invitation(invitation=invitation)
        return Response(status=204)


class AcceptInvitation(APIView):
    @extend_schema(
        operation_id="accept_invitation",
        request=AcceptForm,
        responses=RoomShape,
        tags=["members"],
        summary="Come in by a link",
    )
    def post(self, request: Request) -> Response:
        room = invitations.accept_invitation(user=self.person, **self.read(AcceptForm))
        return Response(present.room(self.person, room))
