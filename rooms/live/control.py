"""The end of sign-ins, as it reaches open connections: pushed over the control group, and looked up each second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import db

if TYPE_CHECKING:
    from .principal import Principal

CONTROL = "control"

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


class Revocations:
    """Calls `revoke` once for each revocation, however it was heard of.

    Numbers are given before their transactions commit, so the window looked at reaches back to what was newest half a
    minute ago and what is known already is left out. Clocks play no part.
    """

    def __init__(self, revoke: Callable[[Revocation], None]) -> None:
        self._revoke = revoke
        self._known: dict[int, tuple[float, Revocation]] = {}
        self._marks: list[tuple[float, int]] = []

    def recent(self) -> list[Revocation]:
        return [revocation for _, revocation in self._known.values()]

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
            self._revoke(revocation)

    def _age(self, now: float, newest: int) -> None:
        if newest > self._marks[-1][1]:
            self._marks.append((now, newest))
        while len(self._marks) > 1 and self._marks[1][0] < now - KEEP:
            del self._marks[0]
        oldest = self._marks[0][1]
        self._known = {n: known for n, known in self._known.items() if n > oldest or known[0] > now - KEEP}
