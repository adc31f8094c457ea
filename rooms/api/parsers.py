from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.parsers import BaseParser

from ..errors import Invalid, TooLarge

MAX_BODY = 256 * 1024
MAX_DEPTH = 16


def parse_json(body: bytes) -> Any:
    """The value of a request's body. orjson already refuses NaN, lone surrogates and bytes that are not UTF-8."""
    if len(body) > MAX_BODY:
        raise TooLarge(f"A request may have at most {MAX_BODY // 1024} KiB.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise Invalid(f"The body is not JSON: {problem.msg}.") from None
    if _is_deeper_than(value, MAX_DEPTH):
        raise Invalid(f"The body is nested more than {MAX_DEPTH} levels deep.")
    return value


def _is_deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [child for parent in layer for child in _children(parent)]
        if not layer:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


class JSONParser(BaseParser):
    """JSON within limits. Reads one byte more than allowed, so that no length header has to be believed."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return parse_json(stream.read(MAX_BODY + 1))
