"""Messages kept together: what is said while a statement is under way goes in one statement after it.

A lone message goes by itself, at once. Under load a batch costs a quarter of its messages one by one: one round trip,
one commit and one sync to disk for all. Nobody shares another's fate: the batch waits for no lock, leaves out what it
cannot keep, and whatever it left out, or all of it if it failed, is tried one by one, each with its own outcome.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

import orjson
import psycopg

from .. import allowances, db
from ..models.allowance import What
from .drafting import ROLES
from .posting_sql import KEEP, KEEP_TOGETHER, KEEP_WITH_FILES

Row = tuple[Any, ...]
Params = dict[str, Any]

MOST = 50
PATIENCE = 0.02
"""Seconds after which nobody waits any longer for the statement before: it may be waiting for a lock of one room."""


class Keeper:
    """One event loop's messages on their way to the database."""

    def __init__(self) -> None:
        self.under_way = 0
        self.waiting: list[tuple[Params, asyncio.Future[Row | None]]] = []
        self.timer: asyncio.TimerHandle | None = None
        self.sending: set[asyncio.Task[None]] = set()

    async def keep(self, message: Params) -> Row | None:
        """What `KEEP` returns for it, or raises."""
        if not self.under_way and not self.waiting:
            return await self.alone(message)
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[Row | None] = loop.create_future()
        self.waiting.append((message, kept))
        if self.timer is None:
            self.timer = loop.call_later(PATIENCE, self.go_on)
        return await kept

    async def alone(self, message: Params) -> Row | None:
        self.under_way += 1
        try:
            return await db.fetchrow(KEEP, message)
        finally:
            self.under_way -= 1
            self.go_on()

    def go_on(self) -> None:
        """Send what waits."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            work = self.send_one(*batch[0]) if len(batch) == 1 else self.send(batch)
            task = asyncio.get_running_loop().create_task(work)
            self.sending.add(task)
            task.add_done_callback(self.sending.discard)

    async def send(self, batch: list[tuple[Params, asyncio.Future[Row | None]]]) -> None:
        self.under_way += 1
        try:
            rows = await together([message for message, _ in batch])
        except Exception as error:
            for _, kept in batch:
                settle(kept, error)
            return
        finally:
            self.under_way -= 1
            self.go_on()
        for message, kept in batch:
            if message["id"] in rows:
                settle(kept, rows[message["id"]])
            else:
                self.sending.add(task := asyncio.get_running_loop().create_task(self.send_one(message, kept)))
                task.add_done_callback(self.sending.discard)

    async def send_one(self, message: Params, kept: asyncio.Future[Row | None]) -> None:
        try:
            settle(kept, await self.alone(message))
        except Exception as error:
            settle(kept, error)


async def together(messages: list[Params]) -> dict[Any, Row]:
    """What was kept, by the message's id. Raises what leaves open whether anything was."""
    said = orjson.dumps([{**message, "place": place} for place, message in enumerate(messages)]).decode()
    try:
        rows = await db.fetch(KEEP_TOGETHER, {"said": said, "roles": ROLES, **allowances.defaults(What.SEND)})
    except psycopg.Error:  # the statement failed and kept nothing, for a reason of one of them
        return {}
    return {row[0]: row[1:] for row in rows}


def settle(kept: asyncio.Future[Row | None], outcome: Row | Exception | None) -> None:
    if kept.done():  # whoever asked has gone
        return
    if isinstance(outcome, Exception):
        kept.set_exception(outcome)
    else:
        kept.set_result(outcome)


_keepers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Keeper] = weakref.WeakKeyDictionary()


async def keep(message: Params) -> Row | None:
    """Keep one message from inside a loop: (number, event, whether it is pending, JSON), or None if it may not be.

    One with files goes by itself, at once: it is rare, and its statement a longer one.
    """
    if "attachments" in message:
        return await db.fetchrow(KEEP_WITH_FILES, message)
    loop = asyncio.get_running_loop()
    if loop not in _keepers:
        _keepers[loop] = Keeper()
    return await _keepers[loop].keep(message)
