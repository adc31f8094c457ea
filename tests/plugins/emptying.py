"""Between two tests that commit: what the first set going ends, then its rows go.

Django truncates every table and then makes its content types and permissions anew: a third of a second for each of two
thousand tests, and locks on everything, upon which whatever still ran could die. Rows are deleted in some milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests.waiting import PATIENCE, until

KEPT = ("auth_permission", "django_content_type", "django_migrations")
"""What migrating leaves in an empty house; no test changes it."""

SWEPT_AFTER = 100
"""What is deleted still takes its place until then; the tests' PostgreSQL does not look after that by itself."""

emptied = count(1)
under_way: set[Future[Any]] = set()


class Noted(ThreadPoolExecutor):
    """The process's threads, with a list of what they are still at."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(work, *args, **kwargs)
        under_way.add(future)
        future.add_done_callback(under_way.discard)
        return future


def pytest_configure(config: pytest.Config) -> None:
    from rooms import background

    background.ThreadPoolExecutor = Noted  # type: ignore[misc]
    TransactionTestCase._fixture_teardown = empty_house  # type: ignore[attr-defined]


def empty_house(case: TransactionTestCase) -> None:
    wait(tuple(under_way), PATIENCE)
    until(is_empty_after_deleting)  # more than once: a worker's transaction may have been in the midst of its end
    if next(emptied) % SWEPT_AFTER == 0:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (SKIP_LOCKED) " + ", ".join(f'"{table}"' for table in other_tables()))


def is_empty_after_deleting() -> bool:
    tables = other_tables()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no order, no cascades, no triggers
        cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in tables))
        cursor.execute("SELECT " + " OR ".join(f'EXISTS (SELECT FROM "{table}")' for table in tables))
        return not cursor.fetchone()[0]


@cache
def other_tables() -> list[str]:
    return [table for table in connection.introspection.table_names() if table not in KEPT]
