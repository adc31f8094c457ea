"""PostgreSQL from inside an event loop: one pool per loop, plain SQL, tuples back.

The ORM must not be used in asyncio tasks: its pooled connections are not given back there, and the pool runs dry. The
same settings (time-outs, address) serve both ways to the database.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from .errors import Unavailable
from .numbered import Params, prepared_for

Row = tuple[Any, ...]

LOOK_UPS = "".join(
    f" -c {setting}"
    for setting in (
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "join_collapse_limit=1",
    )
)
"""Every statement here finds few rows by an index, one after the other, and is planned so once and for all: planning a
page anew for each reader took half of its time, and a plan made while a table was small walks it when it is large."""

PATIENCE = 3.0
"""Seconds to wait for a connection while all are in use."""

_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[str, AsyncConnectionPool]] = (
    weakref.WeakKeyDictionary()
)
_strings: dict[tuple[str, str, str], str] = {}


async def pool() -> AsyncConnectionPool:
    """This loop's pool, opened on first use. Another database name (tests) makes another pool."""
    loop = asyncio.get_running_loop()
    conninfo = connection_string()
    known = _pools.get(loop)
    if known is None or known[0] != conninfo:
        made = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=settings.ASYNC_POOL_SIZE,
            timeout=PATIENCE,
            open=False,
            check=None,
            kwargs={"autocommit": True, "prepare_threshold": 0, "cursor_factory": psycopg.AsyncRawCursor},
        )
        _pools[loop] = known = (conninfo, made)
        await made.open()
    return known[1]


def connection_string() -> str:
    """As the ORM connects. Made once per database: making it took a tenth of a busy server's time."""
    facts = connections.settings["default"]
    key = (facts["NAME"], facts["HOST"], facts["PORT"])
    if key not in _strings:
        _strings[key] = make_connection_string()
    return _strings[key]


def make_connection_string() -> str:
    parameters = connections["default"].get_connection_params()
    wanted = (
        "dbname",
        "user",
        "password",
        "host",
        "port",
        "options",
        "connect_timeout",
        "sslmode",
        "sslrootcert",
    )
    given = {key: parameters[key] for key in wanted if parameters.get(key)}
    return psycopg.conninfo.make_conninfo(**{**given, "options": given.get("options", "") + LOOK_UPS})


async def fetch(sql: str, params: Params = None, *, again: bool = False) -> list[Row]:
    """All rows. One statement is one transaction. Raises Unavailable when the database does not answer.

    `again` is for reads: a connection that died while it waited in the pool (a restarted server) costs a second try.
    """
    try:
        async with (await pool()).connection() as connection:
            return await (await connection.execute(*prepared_for(sql, params))).fetchall()
    except (psycopg.OperationalError, PoolTimeout) as error:
        if again:
            return await fetch(sql, params)
        raise unavailable(error) from error


async def fetchrow(sql: str, params: Params = None, *, again: bool = False) -> Row | None:
    rows = await fetch(sql, params, again=again)
    return rows[0] if rows else None


async def fetchval(sql: str, params: Params = None, *, again: bool = False) -> Any:
    row = await fetchrow(sql, params, again=again)
    return row[0] if row else None


async def execute(sql: str, params: Params = None) -> int:
    """Runs a statement that returns no rows; gives the number of rows it touched."""
    try:
        async with (await pool()).connection() as connection:
            return (await connection.execute(*prepared_for(sql, params))).rowcount
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise unavailable(error) from error


async def close() -> None:
    """Close this loop's pool, e.g. at the end of a process or of a test."""
    known = _pools.pop(asyncio.get_running_loop(), None)
    if known is not None:
        await known[1].close()


def unavailable(error: Exception) -> Unavailable:
    return Unavailable(
        "The database is not answering. Nothing was lost; please try again shortly.",
        retry_after=2,
    )
