"""Statements in PostgreSQL's own words: `%(name)s` and `%s` become `$1`, once for each statement.

psycopg does that anew, each time, for every statement longer than 4096 characters, which those on the way of everything
are: it was a tenth of what an answer's beginning and end cost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Params = Mapping[str, Any] | Sequence[Any] | None

PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|s|%)")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement for a cursor that takes it as it is. `names` in the order of their numbers; none of a positional
    one."""

    sql: bytes
    names: tuple[str, ...] = ()

    def values(self, params: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
        """Raises KeyError for a name that is not given; what is given beyond them does not matter."""
        return [params[name] for name in self.names] if isinstance(params, Mapping) else params


def prepared_for(sql: str, params: Params) -> tuple[bytes, Sequence[Any] | None]:
    """What to execute, and with which values."""
    if params is None:
        return sql.encode(), None
    statement = numbered(sql)
    return statement.sql, statement.values(params)


@cache
def numbered(sql: str) -> Numbered:
    """Only of constants: each statement is remembered for as long as the process lives."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${names.setdefault(found[1] or f'#{len(names)}', len(names) + 1)}"

    written = PLACEHOLDER.sub(number, sql)
    return Numbered(written.encode(), tuple(name for name in names if not name.startswith("#")))
