from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

JSON = "application/json"
AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


def dumps(data: Any) -> bytes:
    """JSON as UTF-8. Times are ISO 8601 in UTC with a Z; bytes are taken for JSON that is ready."""
    if isinstance(data, bytes):
        return data
    return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


class OrjsonRenderer(BaseRenderer):
    """orjson; a view that has its body ready (as PostgreSQL made it) answers `Response(bytes)`."""

    media_type = JSON
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else dumps(data)


class AlwaysJSON(BaseContentNegotiation):
    """This API speaks one language, so `Accept` is not a reason to refuse anybody."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        wanted = (request.content_type or JSON).partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer for code that stands outside of DRF."""
    response = HttpResponse(dumps(data), status=status, content_type=JSON, headers=dict(headers or {}))
    return private(response)


def private(response: AnyResponse) -> AnyResponse:
    """Nobody on the way keeps a copy: what this answers depends on who asks."""
    response.setdefault("Cache-Control", "no-store, private")
    response.setdefault("X-Content-Type-Options", "nosniff")
    return response
