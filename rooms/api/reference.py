"""`/schema/` and `/docs/`: the same description for programs and for people. Neither needs a network or a script."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from .errors import only_get
from .renderers import dumps

METHODS = ("get", "post", "put", "patch", "delete")
NOT_SHOWN = ("Form", "FormRequest", "Changes", "Request", "Query")
SECTIONS = {
    "people": "People",
    "rooms": "Rooms",
    "members": "Members and invitations",
    "messages": "Messages",
    "live": "Live",
    "search": "Search",
    "agents": "Agents",
    "runs": "Runs of agents",
    "tokens": "Tokens",
}


@only_get
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON. Open to all: it describes the program, which is public, and nothing of what is in it."""
    return HttpResponse(schema_json(), content_type="application/vnd.oai.openapi+json")


@only_get
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"info": description()["info"], "sections": sections(), "shapes": shapes()})


@cache
def description() -> dict[str, Any]:
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
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


@cache
def shapes() -> list[dict[str, Any]]:
    """What answers are made of, by name: only those some answer names, and those inside of what is sent."""
    components = description()["components"]["schemas"]
    operations = [operation for section in sections() for operation in section["operations"]]
    inner = {field["shape"] for operation in operations for field in operation["body"]}
    return [
        {"name": name, "description": whole.get("description", ""), "fields": fields_of(whole)}
        for name, whole in sorted(components.items())
        if whole.get("properties") and (name in inner or not name.endswith(NOT_SHOWN))
    ]


def drawn(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary") or operation["operationId"].replace("_", " "),
        "description": operation.get("description", ""),
        "query": [parameter_field(one) for one in operation.get("parameters", []) if one["in"] != "path"],
        "body": fields_of(content_schema(operation.get("requestBody", {}))),
        "answers": [
            {"status": status, "shape": name_of(content_schema(answer))}
            for status, answer in operation["responses"].items()
            if status != "4XX"
        ],
        "password": {"password": []} in operation.get("security", []),
    }


def parameter_field(parameter: dict[str, Any]) -> dict[str, Any]:
    facts = {"description": parameter.get("description", ""), **parameter["schema"]}
    return field(parameter["name"], facts, required=parameter.get("required", False))


def content_schema(described: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = described.get("content", {}).get("application/json", {}).get("schema", {})
    return content


def name_of(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = name_of(schema)
    whole: dict[str, Any] = description()["components"]["schemas"][name] if name else schema
    return whole


def fields_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    whole = resolved(schema)
    required = whole.get("required", [])
    return [field(name, facts, required=name in required) for name, facts in whole.get("properties", {}).items()]


def field(name: str, facts: dict[str, Any], *, required: bool) -> dict[str, Any]:
    type, shape = type_of(facts)
    return {
        "name": name,
        "type": type,
        "shape": shape,
        "required": required,
        "description": facts.get("description", ""),
        "default": facts.get("default"),
    }


def type_of(schema: dict[str, Any]) -> tuple[str, str]:
    """A type in a word or two, «text», «list of Message», «read or write», and the shape it names."""
    options = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if options:
        types = [type_of(option) for option in options]
        return " or ".join(dict.fromkeys(type for type, _ in types if type)), next((s for _, s in types if s), "")
    whole = resolved(schema)
    if "properties" in whole:
        return name_of(schema) or "object", name_of(schema)
    if values := whole.get("enum"):
        return " or ".join("null" if value is None else str(value) for value in values), ""
    kinds = whole.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    inner, shape = type_of(whole["items"]) if "items" in whole else ("", "")
    return " or ".join(f"list of {inner}" if kind == "array" else plain_type(kind, whole) for kind in kinds), shape


def plain_type(kind: str, schema: dict[str, Any]) -> str:
    if kind == "string":
        return {"uuid": "id", "date-time": "time"}.get(schema.get("format", ""), "text")
    return {"integer": "number", "boolean": "true or false"}.get(kind, kind)
