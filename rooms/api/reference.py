"""`/schema/` and `/docs/`: the same description for programs and for people. Neither needs a network or a script."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from .renderers import dumps

METHODS = ("get", "post", "patch", "delete")
SECTIONS = {
    "people": "People",
    "rooms": "Rooms",
    "members": "Members and invitations",
    "messages": "Messages",
    "live": "Live",
    "search": "Search",
    "agents": "Agents",
    "tokens": "Tokens",
}


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON. Open to all: it describes the program, which is public, and nothing of what is in it."""
    return HttpResponse(schema_json(), content_type="application/vnd.oai.openapi+json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"schema": description(), "sections": sections()})


@cache
def description() -> dict[str, Any]:
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return described


@cache
def schema_json() -> bytes:
    return dumps(description())


@cache
def sections() -> list[dict[str, Any]]:
    """Operations by subject, in the order they are read in."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, item in description()["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                found.setdefault(operation["tags"][0], []).append(drawn(path, method, operation))
    names = [*SECTIONS, *(name for name in found if name not in SECTIONS)]
    return [
        {"id": name, "title": SECTIONS.get(name, name.capitalize()), "operations": found[name]}
        for name in names
        if name in found
    ]


def drawn(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary") or operation["operationId"].replace("_", " "),
        "description": operation.get("description", ""),
        "parameters": [parameter for parameter in operation.get("parameters", []) if parameter["in"] != "path"],
        "body": fields_of(content_schema(operation.get("requestBody", {}))),
        "answers": [
            {"status": status, "fields": fields_of(content_schema(answer))}
            for status, answer in operation["responses"].items()
            if status != "4XX"
        ],
    }


def content_schema(described: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = described.get("content", {}).get("application/json", {}).get("schema", {})
    return content


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return description()["components"]["schemas"][name] if name else schema


def fields_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    whole = resolved(schema)
    required = whole.get("required", [])
    return [
        {
            "name": name,
            "type": type_of(facts),
            "required": name in required,
            "description": facts.get("description", ""),
            "default": facts.get("default"),
        }
        for name, facts in whole.get("properties", {}).items()
    ]


def type_of(schema: dict[str, Any]) -> str:
    """A type in a word or two: «text», «list of message», «read or write»."""
    options = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if options:
        return " or ".join(dict.fromkeys(type_of(option) for option in options))
    if "$ref" in schema:
        whole = resolved(schema)
        return type_of(whole) if "enum" in whole else schema["$ref"].rpartition("/")[2].lower()
    if "enum" in schema:
        return " or ".join("nothing" if value is None else str(value) for value in schema["enum"])
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(plain_type(kind, schema) for kind in kinds)


def plain_type(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "string":
        return {"uuid": "id", "date-time": "time"}.get(schema.get("format", ""), "text")
    return {"integer": "number", "boolean": "true or false"}.get(kind, kind)
