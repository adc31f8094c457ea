"""Plain SQL on Django's own connection, in its transaction, with plans that PostgreSQL keeps.

Django binds values on the client, so every statement is planned anew: for a join of five tables that takes longer than
running it. Only for the few statements on the way of everything.
"""

from __future__ import annotations

from typing import Any, cast

import psycopg
from django.db import connection


def fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """All rows; none for a statement that returns none. Errors are Django's."""
    with cursor() as found, connection.wrap_database_errors:
        found.execute(cast(Any, sql), params, prepare=True)
        return found.fetchall() if found.description else []


def execute(sql: str, params: dict[str, Any]) -> int:
    """The number of rows it touched."""
    with cursor() as found, connection.wrap_database_errors:
        return found.execute(cast(Any, sql), params, prepare=True).rowcount


def cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor of psycopg's own kind; Django's cursors on the same connection are not touched by this."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    if raw.prepare_threshold is None:  # Django's way of saying «never»
        raw.prepare_threshold = 5
    return psycopg.Cursor(raw)
