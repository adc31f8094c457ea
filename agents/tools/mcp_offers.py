"""What an MCP server says it offers, made into what a model may be told. All of it is a stranger's text.

Names, descriptions and schemas go into prompts, so they are bounded and freed of what cannot be seen; of a schema only
known words are kept. Patterns are left out, since a pattern can take for ever to match; the server minds its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import orjson

MOST = 50
LONGEST_NAME = 64
LONGEST_SCHEMA = 8_000
LONGEST_DESCRIPTION = 500
LONGEST_HINT = 200
DEEPEST = 10
LARGEST = 2**53
FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")
PROPERTY = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_.$-]{0,63}")
LOCAL = re.compile(r"#/\$defs/[A-Za-z0-9_.-]{1,64}")

NUMBERS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"}
)
TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
SCHEMAS = frozenset({"anyOf", "oneOf", "allOf"})

Offer = dict[str, Any]


class Unusable(Exception):
    """A tool that cannot be told of; it is left out."""


def cleaned(server: str, listed: Iterable[Offer]) -> list[Offer]:
    """Of `{name, description, schema, reads}` each that can be used, under the name `server__tool`."""
    found: dict[str, Offer] = {}
    for one in list(listed)[:MOST]:
        try:
            offer = cleaned_offer(server, one)
        except (Unusable, RecursionError, TypeError, ValueError):  # the last two: no schema at all
            continue
        found.setdefault(offer["name"], offer)
    return list(found.values())


def cleaned_offer(server: str, one: Offer) -> Offer:
    name = f"{server}__{FORBIDDEN.sub('_', one['name'])}"
    if len(name) > LONGEST_NAME or not one["name"].isprintable():
        raise Unusable
    schema = cleaned_schema(one["schema"] or {"type": "object"})
    if schema.get("type") != "object" or len(orjson.dumps(schema)) > LONGEST_SCHEMA:
        raise Unusable
    description = seen(one["description"] or one["name"], LONGEST_DESCRIPTION)
    return {
        "name": name,
        "original": one["name"],
        "description": description,
        "schema": schema,
        "reads": one["reads"] is True,
    }


def seen(text: str, characters: int) -> str:
    """One line of what can be seen of a text, its beginning."""
    plain = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text[: 4 * characters])
    return " ".join(plain.split())[:characters]


def cleaned_schema(schema: Any, depth: int = 0) -> dict[str, Any]:
    """The same with nothing but the words known here. Raises Unusable."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        raise Unusable
    found: dict[str, Any] = {}
    for word, value in schema.items():
        kept = cleaned_word(word, value, depth + 1)
        if kept is not None:
            found[word] = kept
    return found


def cleaned_word(word: str, value: Any, depth: int) -> Any:
    """What stays of one word of a schema; None where nothing does."""
    if word in ("properties", "$defs"):
        return {named(name): cleaned_schema(part, depth) for name, part in dict(value).items()}
    if word in SCHEMAS:
        return [cleaned_schema(part, depth) for part in value]
    if word == "items" or (word == "additionalProperties" and not isinstance(value, bool)):
        return cleaned_schema(value, depth)
    if word == "description":
        return seen(str(value), LONGEST_HINT)
    return value if is_plain(word, value) else None


def is_plain(word: str, value: Any) -> bool:
    match word:
        case "type":
            return value in TYPES if isinstance(value, str) else isinstance(value, list) and TYPES.issuperset(value)
        case "required":
            return isinstance(value, list) and all(isinstance(name, str) and bool(named(name)) for name in value)
        case "enum":
            return isinstance(value, list) and all(is_short(one) for one in value[:200])
        case "const":
            return is_short(value)
        case "additionalProperties":
            return isinstance(value, bool)
        case "$ref":
            if not isinstance(value, str) or not LOCAL.fullmatch(value):
                raise Unusable
            return True
    return word in NUMBERS and is_number(value)


def is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_HINT and value.isprintable()
    return value is None or isinstance(value, bool) or is_number(value)


def is_number(value: Any) -> bool:
    """One that every JSON can hold: PostgreSQL's has no NaN and no infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST


def named(name: str) -> str:
    if not PROPERTY.fullmatch(name):
        raise Unusable
    return name
