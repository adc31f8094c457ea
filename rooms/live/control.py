"""The end of sign-ins, as it reaches open connections: pushed over the control group, and looked up each second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from .. import db
from ..errors import RoomsError
from .feeds import Listener
from .principal import Principal, still_signed_in

CONTROL = "control"

AGAIN = 1.0
KEEP = 30.0
"""Seconds for which a revocation counts as recent: longer than anybody takes to connect, or a transaction to commit."""

NEWEST = "SELECT coalesce(max(id), 0) FROM rooms_revocation"
SINCE = "SELECT id, user_id, session_hash, token_id, reason FROM rooms_revocation WHERE id > %s ORDER BY id"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One sign-in has ended; with neither session nor token, every one of the user may have."""

    user_id: int
    session_hash: str
    token_id: int | None
    reason: str

    @property
    def names_one(self) -> bool:
        return bool(self.session_hash) or self.token_id is not None

    def concerns(self, principal: Principal) -> bool:
        if self.user_id != principal.user_id:
            return False
        if self.token_id is not None:
            return self.token_id == principal.grant.token
        return not self.session_hash or self.session_hash == principal.session_hash


class SignIns:
    """Ends the listeners whose sign-in has ended, however that was heard of.

    Numbers are given before their transactions commit, so the window looked at reaches back to what was newest half a
    minute ago, and what is known already is left out. Clocks play no part.
    """

    def __init__(
        self, listeners_of: Callable[[int], Iterable[Listener]], spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._listeners_of = listeners_of
        self._spawn = spawn
        self._known: dict[int, tuple[float, Revocation]] = {}
        self._marks: list[tuple[float, int]] = []

    def check_new(self, listener: Listener) -> None:
        """For a listener that has just come: a revocation may have fallen into its handshake."""
        for _, revocation in tuple(self._known.values()):
            self._apply(revocation, listener)

    def hear(self, message: dict[str, Any]) -> None:
        fact = message["revoke"]
        self._take(fact["id"], Revocation(fact["user"], fact["session_hash"], fact["token"], fact["reason"]))

    async def look(self) -> None:
        now = time.monotonic()
        if not self._marks:
            self._marks = [(now, max(0, await db.fetchval(NEWEST, again=True) - 100))]
        newest = self._marks[-1][1]
        for number, *facts in await db.fetch(SINCE, [self._marks[0][1]], again=True):
            self._take(number, Revocation(*facts))
            newest = max(newest, number)
        self._age(now, newest)

    def _take(self, number: int, revocation: Revocation) -> None:
        if number not in self._known:
            self._known[number] = (time.monotonic(), revocation)
            for listener in self._listeners_of(revocation.user_id):
                self._apply(revocation, listener)

    def _age(self, now: float, newest: int) -> None:
        if newest > self._marks[-1][1]:
            self._marks.append((now, newest))
        while len(self._marks) > 1 and self._marks[1][0] < now - KEEP:
            del self._marks[0]
        oldest = self._marks[0][1]
        self._known = {n: known for n, known in self._known.items() if n > oldest or known[0] > now - KEEP}

    def _apply(self, revocation: Revocation, listener: Listener) -> None:
        if not revocation.concerns(listener.principal):
            return
        if revocation.names_one:
            listener.sign_out(revocation.reason)
        else:
            self._spawn(reconsider(listener, revocation.reason))


async def reconsider(listener: Listener, reason: str) -> None:
    """All sign-ins of the user may have ended, but one that is newer goes on: the database knows.

    Asked twice, since a revocation can be heard of before the change it tells of is finished.
    """
    for _ in range(2):
        if not await is_signed_in(listener):
            return listener.sign_out(reason)
        await asyncio.sleep(AGAIN)


async def is_signed_in(listener: Listener) -> bool:
    while True:
        try:
            return await still_signed_in(listener.principal)
        except RoomsError:
            await asyncio.sleep(AGAIN)
