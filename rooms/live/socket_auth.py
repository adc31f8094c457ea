"""Who opens a socket. The origin of pages was judged before (`chatroom.doorstep`); no address carries a token."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import parse_cookie

from ..errors import NotAuthenticated
from .principal import Principal, by_session, by_token

PROTOCOL = "chat.v1"
PREFIX = "bearer."


async def principal_of(scope: dict[str, Any]) -> Principal:
    """By Authorization header, subprotocol, else cookie. Raises NotAuthenticated; a bad token has no second try."""
    secret = bearer_of(scope)
    if secret is not None:
        return await by_token(secret)
    return await by_session(session_key_of(scope))


def bearer_of(scope: dict[str, Any]) -> str | None:
    header = header_of(scope, b"authorization")
    if header:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        return secret.strip()
    offered = [name for name in scope.get("subprotocols") or [] if name.startswith(PREFIX)]
    return offered[0].removeprefix(PREFIX) if offered else None


def session_key_of(scope: dict[str, Any]) -> str:
    cookies = parse_cookie(header_of(scope, b"cookie"))
    return cookies.get(settings.SESSION_COOKIE_NAME, "")


def header_of(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def subprotocol_for(scope: dict[str, Any]) -> str | None:
    """What to answer: the version when it was offered, never the token."""
    return PROTOCOL if PROTOCOL in (scope.get("subprotocols") or []) else None
