"""`GET /api/v1/rooms/{slug}/events/`: a room's events for whoever has no WebSocket."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..api import errors
from ..api.auth import bearer_secret, session_grant
from ..errors import Invalid, NotAuthenticated
from . import longpoll, sse
from .principal import Principal, by_token
from .rights import place_of

LONGEST_WAIT = 30
BIGGEST = 2**62


@dataclass(frozen=True, slots=True)
class Asked:
    after: int | None = None
    wait: int = 0
    draw: bool = False


async def events(request: HttpRequest, slug: str) -> HttpResponseBase:
    """With `Accept: text/event-stream` an event stream, else JSON; `wait` makes that a long-poll."""
    try:
        if request.method != "GET":
            raise errors.MethodNotAllowed(allow=["GET"])
        principal = await principal_of(request)
        asked = asked_of(request)
        place = await place_of(principal, slug)
        if "text/event-stream" in request.headers.get("Accept", "").lower():
            return sse.stream(principal, place, asked.after, asked.draw)
        return await longpoll.answer(principal, place, asked.after, asked.wait, asked.draw)
    except Exception as problem:
        response = errors.respond(problem)
        if response is None:
            raise
        return response


async def principal_of(request: HttpRequest) -> Principal:
    """By token, or by the session of a page of ours; another site's page is refused."""
    secret = bearer_secret(request)
    if secret is not None:
        return await by_token(secret)
    found = session_grant(request, await request.auser())
    if found is None:
        raise NotAuthenticated
    ends = await request.session.aget_expiry_date()
    return Principal(*found, session_key=request.session.session_key or "", expires_at=ends)


def asked_of(request: HttpRequest) -> Asked:
    """The query string, read strictly. `Last-Event-ID` wins over `after`: a stream that broke had reached it."""
    said: dict[str, int] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in request.GET.dict().items():
        most = {"after": BIGGEST, "wait": LONGEST_WAIT, "draw": 1}.get(name)
        if most is None:
            wrong[name] = ["There is no such field."]
        elif (number := whole(value, most)) is None:
            wrong[name] = [f"A whole number from 0 to {most}."]
        else:
            said[name] = number
    last = request.headers.get("Last-Event-ID", "")
    if last and (number := whole(last, BIGGEST)) is not None:
        said["after"] = number
    elif last:
        wrong["Last-Event-ID"] = ["The id of an event of this stream."]
    if wrong:
        raise Invalid(fields=wrong)
    return Asked(said.get("after"), said.get("wait", 0), bool(said.get("draw")))


def whole(text: str, most: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if int(text) <= most else None
