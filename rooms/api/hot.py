"""The two busiest addresses, reading and posting in a room, as an async view on the psycopg pool.

A synchronous DRF view costs a thread hop, a dozen ORM objects and four queries a request. Here the token, its user, the
room and the user's role in it come in one round trip, and page or message in the next. Rules are the same ones: what a
role alone cannot answer (a grant by name, a superuser, a backend that vetoes) is asked of `rooms.access` in a thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from .. import access, background
from ..audience import Reader
from ..errors import Forbidden, Invalid, NotAuthenticated, NotFound
from ..grants import Grant, abearer_in
from ..models import User
from ..reading import Standing, aread_standing
from . import errors
from .auth import NOT_KNOWN, bearer_secret, session_grant
from .base import NO_SUCH_FIELD, APIView
from .renderers import private

Handler = Callable[..., Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a room's door, let in for one thing. `trusted`: not by their role alone."""

    user: User
    room_id: int
    slug: str
    reader: Reader
    trusted: bool


class HotView(APIView):
    """An APIView in OpenAPI and in its manners, without DRF's machinery. Its handlers are coroutines."""

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        try:
            handler: Handler | None = getattr(self, (request.method or "").lower(), None)
            if handler is None or request.method not in ("GET", "HEAD", "POST"):
                raise errors.MethodNotAllowed(allow=["GET", "HEAD", "POST"])
            if request.method == "POST" and request.GET:
                raise Invalid(fields={name: [NO_SUCH_FIELD] for name in sorted(request.GET)})
            return private(await handler(request, **kwargs))
        except Exception as problem:
            response = errors.respond(problem)
            if response is None:
                raise
            return response

    async def enter(self, request: HttpRequest, slug: str, perm: str) -> Visit:
        """Sign in and find the room. Raises like `APIView.room`."""
        user, grant, standing = await who_and_where(request, slug)
        scope = "read" if perm == access.READ else "write"
        if not grant.has(scope):
            raise Forbidden(f"This token lacks the scope «{scope}».")
        if standing is None or not grant.covers(standing.room_id):
            raise NotFound
        if access.decided_by_role(standing, perm):
            return Visit(user, standing.room_id, standing.slug, Reader(user.pk, standing.role), trusted=False)
        reader = await background.in_thread(ask_access, user, slug, perm)
        return Visit(user, standing.room_id, standing.slug, reader, trusted=True)


async def who_and_where(request: HttpRequest, slug: str) -> tuple[User, Grant, Standing | None]:
    secret = bearer_secret(request)
    if secret is not None:
        found = await abearer_in(secret, slug)
        if found is None:
            raise NotAuthenticated(NOT_KNOWN)
        return found
    signed_in = session_grant(request, await request.auser())
    if signed_in is None:
        raise NotAuthenticated
    user, grant = signed_in
    return user, grant, await aread_standing(user.pk, slug)


def ask_access(user: User, slug: str, perm: str) -> Reader:
    return access.reader_in(user, access.room_for(user, slug, perm))


def body_of(request: HttpRequest) -> bytes:
    """The body, when it says that it is JSON (or nothing)."""
    declared = (request.content_type or "").strip().lower()
    if declared not in ("", "application/json"):
        raise errors.UnsupportedMediaType
    return request.body
