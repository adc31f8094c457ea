"""The one place where REST turns what went wrong into the contract's `{code, detail, fields?}`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import psycopg
import psycopg_pool
from django.core import exceptions as django_errors
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf
from rest_framework.response import Response

from ..errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    RateLimited,
    RoomsError,
    TooLarge,
    Unavailable,
)
from .renderers import json_response

log = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="chatroom"'
BASIC_CHALLENGE = 'Basic realm="chatroom", charset="UTF-8"'

UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
)
NOT_KEPT = (DataError, psycopg.DataError, UnicodeError, RecursionError, OverflowError)
TOO_LARGE = (django_errors.RequestDataTooBig, django_errors.TooManyFieldsSent, django_errors.TooManyFilesSent)
MALFORMED = (django_errors.BadRequest, django_errors.SuspiciousOperation, UnreadablePostError)


class MethodNotAllowed(RoomsError):
    code, status, default_detail = "method_not_allowed", 405, "This address does not take that method."

    def __init__(self, *, allow: Iterable[str] = ()) -> None:
        self.allow = ", ".join(allow)
        super().__init__()


class UnsupportedMediaType(RoomsError):
    code, status = "unsupported_media_type", 415
    default_detail = "Send JSON, with «Content-Type: application/json»."


def handle(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. What is not the client's doing is left to Django, which logs it and answers 500."""
    error = translate(exc)
    if error is None:
        return None
    challenge = getattr(context.get("view"), "challenge", CHALLENGE)
    return Response(error.as_dict(), status=error.status, headers=headers_of(error, exc, challenge))


def respond(exc: Exception, challenge: str = CHALLENGE) -> HttpResponse | None:
    """The same for views that do without DRF."""
    error = translate(exc)
    if error is None:
        return None
    return json_response(error.as_dict(), error.status, headers_of(error, exc, challenge))


def translate(exc: Exception) -> RoomsError | None:
    """Anything that may go wrong, in the words of the contract; None for a fault of our own."""
    if isinstance(exc, RoomsError):
        return exc
    if isinstance(exc, drf.APIException):
        return _from_drf(exc)
    if isinstance(exc, UNAVAILABLE):
        log.warning("database unavailable: %s", type(exc).__name__)
        return Unavailable(retry_after=2)
    if isinstance(exc, Http404 | django_errors.ObjectDoesNotExist):
        return NotFound()
    if isinstance(exc, django_errors.PermissionDenied):
        return Forbidden()
    if isinstance(exc, TOO_LARGE):
        return TooLarge()
    if isinstance(exc, django_errors.ValidationError):
        return _from_validation(exc)
    if isinstance(exc, MALFORMED):
        return Invalid("The request could not be read.")
    if isinstance(exc, NOT_KEPT):
        return Invalid("Something in the request cannot be stored.")
    return Conflict() if isinstance(exc, IntegrityError) else None


def _from_drf(exc: drf.APIException) -> RoomsError:
    if isinstance(exc, drf.ValidationError):
        return invalid(exc.detail)
    if isinstance(exc, drf.Throttled):
        return RateLimited(retry_after=int(getattr(exc, "wait", None) or 1))
    kinds: dict[int, type[RoomsError]] = {
        400: Invalid, 401: NotAuthenticated, 403: Forbidden, 404: NotFound,
        413: TooLarge, 415: UnsupportedMediaType, 503: Unavailable,
    }  # fmt: skip
    kind = kinds.get(exc.status_code, Invalid)
    ours = isinstance(exc, drf.PermissionDenied | drf.AuthenticationFailed | drf.ParseError)
    return kind(str(exc.detail) if ours else "")


def invalid(detail: Any) -> Invalid:
    """DRF's tree of messages, flattened to `{"field": [sentences], "field.inner": […]}`."""
    fields = dict(_flatten(detail))
    loose = fields.pop("", [])
    return Invalid(" ".join(loose), fields=fields or None)


def _flatten(detail: Any, path: str = "") -> list[tuple[str, list[str]]]:
    if isinstance(detail, Mapping):
        return [pair for key, inner in detail.items() for pair in _flatten(inner, _join(path, key))]
    if isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        return [pair for number, inner in enumerate(detail) if inner for pair in _flatten(inner, _join(path, number))]
    sentences = detail if isinstance(detail, list) else [detail]
    return [(path, [str(sentence) for sentence in sentences])]


def _join(path: str, key: object) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)


def _from_validation(exc: django_errors.ValidationError) -> Invalid:
    if hasattr(exc, "error_dict"):
        return Invalid(fields={("" if name == "__all__" else name): said for name, said in exc.message_dict.items()})
    return Invalid(" ".join(exc.messages))


def headers_of(error: RoomsError, exc: Exception, challenge: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = challenge
    if error.retry_after is not None or error.status in (429, 503):
        headers["Retry-After"] = str(max(1, error.retry_after or 1))
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allow
    return headers


def by_door(status: int, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An error handler for the root URLconf: JSON under `/api/`, elsewhere the page."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return page(request, *args, **kwargs)
        return json_response(PLAIN[status].as_dict(), status)

    return answer


class Fault(RoomsError):
    code, status, default_detail = "error", 500, "Something broke on our side. It has been noted."


PLAIN: dict[int, RoomsError] = {
    400: Invalid("The request could not be read."),
    403: Forbidden(),
    404: NotFound(),
    500: Fault(),
}
bad_request = by_door(400, defaults.bad_request)
permission_denied = by_door(403, defaults.permission_denied)
page_not_found = by_door(404, defaults.page_not_found)


def fault(request: HttpRequest) -> HttpResponse:
    """Django's own, unless the database is away: that passes."""
    if not isinstance(sys.exc_info()[1], UNAVAILABLE):
        return defaults.server_error(request)
    page = render_to_string("503.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "2"})


server_error = by_door(500, fault)


@csrf_exempt
def unknown_path(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """The end of the line under `/api/`: JSON also where a page would be redirected or explained by Django."""
    hint = "" if request.path_info.endswith("/") else " Addresses end in a slash."
    return json_response(NotFound(f"{NotFound.default_detail}{hint}").as_dict(), 404)


def only_get(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For views that do without DRF."""

    @csrf_exempt
    @wraps(view)
    def door(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        refusal = MethodNotAllowed(allow=["GET", "HEAD"])
        return json_response(refusal.as_dict(), 405, headers_of(refusal, refusal, CHALLENGE))

    return door
