"""Statements as PostgreSQL numbers them."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from psycopg._queries import PostgresQuery

from agents.runs.beginning import BEGIN
from agents.runs.finishing import FINISH
from rooms import db, prepared
from rooms.numbered import numbered, prepared_for
from rooms.services.posting_sql import KEEP, KEEP_TOGETHER

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_name_has_one_number_wherever_it_stands() -> None:
    statement = numbered("SELECT %(b)s, %(a)s, %(b)s::int %% 2")
    assert statement.sql == b"SELECT $1, $2, $1::int % 2"
    assert statement.values({"a": 1, "b": 2, "c": 3}) == [2, 1]
    with pytest.raises(KeyError):
        statement.values({"a": 1})


def test_places_are_numbered_in_their_order() -> None:
    assert prepared_for("SELECT %s, '%%', %s", [7, 8]) == (b"SELECT $1, '%', $2", [7, 8])
    assert prepared_for("SELECT '100%'", None) == (b"SELECT '100%'", None)


@pytest.mark.parametrize("sql", [BEGIN, *FINISH.values(), KEEP, KEEP_TOGETHER])
def test_the_long_ones_are_numbered_as_psycopg_would(sql: str) -> None:
    connection.ensure_connection()
    theirs = PostgresQuery(psycopg.adapt.Transformer(connection.connection))
    theirs.convert(sql.encode(), dict.fromkeys(numbered(sql).names))
    assert numbered(sql).sql == theirs.query
    assert list(numbered(sql).names) == theirs._order


async def test_both_ways_to_the_database_take_names_and_percents() -> None:
    assert await db.fetch("SELECT %(n)s::int %% 4, %(n)s::int", {"n": 6, "unused": 1}) == [(2, 6)]
    assert await db.fetchval("SELECT %s::text", ["a"]) == "a"
    assert await db.fetchval("SELECT 5 % 3") == 2


def test_a_statement_without_rows_gives_none() -> None:
    assert prepared.fetch("SELECT %(n)s::int WHERE false", {"n": 1}) == []
    assert prepared.fetch("SET application_name = 'x'", {}) == []
    assert prepared.execute("SELECT 1 WHERE %(n)s::int = 1", {"n": 1}) == 1
