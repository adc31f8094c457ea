"""Plain SQL on Django's own connection, in its transaction, with plans that PostgreSQL keeps.

Django binds values on the client, so every statement is planned anew: for a join of five tables that takes longer than
running it. Only for the few statements on the way of everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .numbered import prepared_for


def fetch(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows; none for a statement that returns none. Errors are Django's."""
    here = connections[DEFAULT_DB_ALIAS]
    with cursor(here) as found, here.wrap_database_errors:
        run(found, sql, params)
        return found.fetchall() if returns_rows(found) else []


def execute(sql: str, params: Mapping[str, Any]) -> int:
    """The number of rows it touched."""
    here = connections[DEFAULT_DB_ALIAS]
    with cursor(here) as found, here.wrap_database_errors:
        run(found, sql, params)
        return found.rowcount


def run(found: psycopg.RawCursor[Any], sql: str, params: Mapping[str, Any]) -> None:
    statement, values = prepared_for(sql, params)
    found.execute(statement, values, prepare=True)


def returns_rows(found: psycopg.RawCursor[Any]) -> bool:
    """As its `description` would say, which describes each column to say it."""
    return found.pgresult is not None and found.pgresult.status == psycopg.pq.ExecStatus.TUPLES_OK


def cursor(here: BaseDatabaseWrapper) -> psycopg.RawCursor[tuple[Any, ...]]:
    """A cursor of psycopg's own kind; Django's cursors on the same connection are not touched by this."""
    here.ensure_connection()
    here.validate_no_broken_transaction()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", here.connection)
    if raw.prepare_threshold is None:  # Django's way of saying «never»
        raw.prepare_threshold = 5
    return psycopg.RawCursor(raw)
