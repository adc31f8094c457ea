"""Who is asking: a bearer token, or the session of a page. Basic only where a first token is made (`api.tokens`)."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ..errors import Forbidden, NotAuthenticated
from ..grants import SESSION, Grant, abearer, bearer
from ..models import User
from .errors import CHALLENGE

NOT_KNOWN = "This token is unknown, expired or revoked."
BEARER_ONLY = "Send «Authorization: Bearer <token>»."


class BearerAuthentication(BaseAuthentication):
    """A token, or nothing. Somebody who sends one that does not count is refused, whatever cookie comes along."""

    def authenticate(self, request: Request) -> tuple[User, Grant] | None:
        secret = bearer_secret(request._request)
        return None if secret is None else known(bearer(secret))

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class SessionAuthentication(BaseAuthentication):
    """The cookie of the pages, with CSRF enforced and requests that another site's page started refused."""

    def authenticate(self, request: Request) -> tuple[User, Grant] | None:
        user = getattr(request._request, "user", None)
        return session_grant(request._request, user)


def bearer_secret(request: HttpRequest) -> str | None:
    """The token of the request; None without an Authorization header. Any other scheme is refused."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated(BEARER_ONLY)
    return str(secret.strip())


def known(found: tuple[User, Grant] | None) -> tuple[User, Grant]:
    if found is None:
        raise NotAuthenticated(NOT_KNOWN)
    return found


def session_grant(request: HttpRequest, user: User | AnonymousUser | None) -> tuple[User, Grant] | None:
    """The signed-in person with all of their rights; None for nobody. Raises Forbidden on a forged request."""
    if not isinstance(user, User) or not user.is_active:
        return None
    refuse_forgery(request)
    return user, SESSION


async def aauthenticate(request: HttpRequest) -> tuple[User, Grant] | None:
    """Both ways for an async view."""
    secret = bearer_secret(request)
    if secret is not None:
        return known(await abearer(secret))
    return session_grant(request, await request.auser())


class _CSRF(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        raise Forbidden(f"CSRF check failed: {reason}")


def _unused(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def refuse_forgery(request: HttpRequest) -> None:
    """Django's CSRF check, for views that are exempt until it is known that a cookie spoke."""
    if (
        request.META.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        and request.META.get("HTTP_SEC_FETCH_MODE") != "navigate"
    ):
        raise Forbidden("Another site's page asked for this.")
    check = _CSRF(_unused)
    check.process_request(request)
    check.process_view(request, _unused, (), {})
