from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication

from .. import access, guessing
from ..errors import Forbidden, Invalid, NotAuthenticated, NotFound
from ..grants import SESSION, Grant
from ..models import ApiToken, Room, User
from ..services import tokens
from . import errors, present
from .auth import BearerAuthentication, SessionAuthentication
from .base import APIView, Request, Response
from .forms import TokenForm
from .shapes import NewTokenShape, TokensShape


class BasicAuthentication(BaseAuthentication):
    """Name and password, to come by a first token. Attempts are counted exactly; see `rooms.guessing`."""

    def authenticate(self, request: Request) -> tuple[User, Grant] | None:
        scheme, _, sent = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, password = decoded(sent)
        counted = guessing.count_attempt(request._request, name)
        user = authenticate(request._request, username=name, password=password)
        if not isinstance(user, User) or user.is_machine:
            raise NotAuthenticated("Name and password do not match.")
        guessing.give_back(counted)
        return user, SESSION

    def authenticate_header(self, request: Request) -> str:
        return errors.BASIC_CHALLENGE


def decoded(sent: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(sent.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotAuthenticated("The Authorization header could not be read.") from None
    if not colon or "\x00" in name + password:
        raise NotAuthenticated("The Authorization header could not be read.")
    return name, password


class TokenView(APIView):
    """A token cannot make tokens, or one that leaked would outlive its revocation."""

    authentication_classes = (BasicAuthentication, BearerAuthentication, SessionAuthentication)  # type: ignore[assignment]
    challenge = errors.BASIC_CHALLENGE
    scopes = {"GET": "admin", "POST": "admin", "DELETE": "admin"}

    def mine(self) -> Any:
        return ApiToken.objects.filter(tokens.usable_tokens(), user=self.person).prefetch_related("rooms")


class Tokens(TokenView):
    @extend_schema(operation_id="list_tokens", responses=TokensShape, tags=["tokens"], summary="My tokens")
    def get(self, request: Request) -> Response:
        return Response({"results": [present.token(one) for one in self.mine()]})

    @extend_schema(
        operation_id="create_token",
        request=TokenForm,
        responses={201: NewTokenShape},
        tags=["tokens"],
        summary="Make a token",
        description="With a session, or with HTTP Basic: username and password. Not with a token.",
    )
    def post(self, request: Request) -> Response:
        if self.grant.token is not None:
            raise Forbidden("A token cannot make tokens. Sign in with your name and password.")
        said = self.read(TokenForm)
        days = said["expires_in_days"]
        token, secret = tokens.create_token(
            user=self.person,
            name=said["name"],
            scopes=said["scopes"],
            rooms=[self.bindable(slug) for slug in said["rooms"]],
            expires_in=None if days is None else timedelta(days=days),
        )
        return Response({**present.token(token), "token": secret}, status=201)

    def bindable(self, slug: str) -> Room:
        try:
            return access.room_for(self.person, slug)
        except NotFound:
            raise Invalid(fields={"rooms": [f"There is no room «{slug}» for you."]}) from None


class OneToken(TokenView):
    @extend_schema(operation_id="revoke_token", responses={204: None}, tags=["tokens"], summary="Revoke a token")
    def delete(self, request: Request, prefix: str) -> Response:
        token = self.mine().filter(prefix=prefix).first()
        if token is None:
            raise NotFound
        tokens.revoke_token(token=token)
        return Response(status=204)
