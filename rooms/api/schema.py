"""OpenAPI 3.1 of everything under `/api/v1/`, and what drf-spectacular cannot see by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from .shapes import ErrorShape

Facts = dict[str, Any]

EVENTS_PATH = "/api/v1/rooms/{slug}/events/"

FRAME: Facts = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "message.posted, membership.began, … or skip, resync."},
        "room": {"type": "string"},
        "id": {"type": "integer", "description": "The number in the room's log; passing frames have none."},
        "data": {"type": "object", "additionalProperties": {}},
    },
    "required": ["type"],
}
EVENTS: Facts = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": FRAME},
        "last_seq": {"type": "integer", "description": "How far this answer reaches: what to ask `after` next."},
    },
    "required": ["results", "last_seq"],
}


class Schema(AutoSchema):
    """Names without «Shape» and «Form», and one description of errors for every operation."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        """Only what is written for readers of the API; docstrings are for readers of the code."""
        return ""

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        name: str = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return name.removesuffix("Shape")

    def _get_response_bodies(self, direction: Any = "response") -> Facts:
        bodies: Facts = super()._get_response_bodies(direction)
        error = self.resolve_serializer(ErrorShape, "response")
        return bodies | {"4XX": described(error.ref)}


def described(error: Facts) -> Facts:
    return {"description": "Refused; `code` says why.", "content": {"application/json": {"schema": error}}}


def reference(name: str) -> Facts:
    return {"$ref": f"#/components/schemas/{name}"}


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "rooms.api.auth.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> Facts:
        return {"type": "http", "scheme": "bearer", "description": "A personal token; scoped, and shown once."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rooms.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Facts:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The pages' own sign-in. Unsafe methods need the X-CSRFToken header.",
        }


class BasicScheme(OpenApiAuthenticationExtension):
    target_class = "rooms.api.tokens.BasicAuthentication"
    name = "password"

    def get_security_definition(self, auto_schema: Any) -> Facts:
        return {"type": "http", "scheme": "basic", "description": "Only to come by a first token."}


def add_events(result: Facts, generator: Any, request: Any, public: bool) -> Facts:
    """The event stream is no DRF view, so its operation is written here by hand."""
    if EVENTS_PATH.replace("/events/", "/messages/") in result["paths"]:
        result["components"]["schemas"]["Events"] = EVENTS
        result["paths"][EVENTS_PATH] = {"get": events_operation()}
        result["paths"] = dict(sorted(result["paths"].items()))
    return result


def events_operation() -> Facts:
    number = {"type": "integer", "minimum": 0}
    return {
        "operationId": "events",
        "tags": ["live"],
        "summary": "What happened in the room after a number: JSON, a long-poll, or a stream of server-sent events",
        "description": (
            "With «Accept: text/event-stream» the answer is a stream whose events have the number of the log as id; "
            "Last-Event-ID counts like after. Otherwise JSON, and with wait a long-poll that answers as soon as there "
            "is something. The frames are described in docs/protocol.md."
        ),
        "parameters": [
            {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "after", "in": "query", "schema": number, "description": "The last number you have."},
            {"name": "wait", "in": "query", "schema": number | {"maximum": 30}, "description": "Seconds to wait."},
            {"name": "Last-Event-ID", "in": "header", "schema": number},
        ],
        "security": [{"token": []}, {"session": []}],
        "responses": {
            "200": {
                "description": "",
                "content": {
                    "application/json": {"schema": reference("Events")},
                    "text/event-stream": {"schema": {"type": "string"}},
                },
            },
            "4XX": described(reference("Error")),
        },
    }
