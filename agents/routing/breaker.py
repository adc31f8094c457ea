"""A circuit breaker per deployment, or per model where there is no route: one row in PostgreSQL shared by all workers.
It works with Redis down.

Five failures in a row open it. While it is open nothing reaches the provider; when its pause is over, one conditional
UPDATE lets exactly one call of the whole fleet through as a probe. The probe's first word closes it, its failure opens
it anew. A call that began before the breaker opened changes nothing afterwards.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings

from rooms import db
from rooms.errors import Unavailable

from ..llm.port import LLMError

log = logging.getLogger(__name__)

FRESH = 0.25
"""Seconds for which a process goes by what it has read of a closed breaker, unless a call of its own has failed since:
of twenty questions at once the first asks. What another worker finds out is heeded that much later."""

COUNTED = frozenset({"busy", "down", "timeout", "protocol", "truncated"})
"""What speaks against a provider. A refused request, an empty or endless answer may be the asker's doing."""

ADMIT = """
    WITH probe AS (
        UPDATE agents_breaker
           SET state = 'half_open', probe = %(probe)s, changed_at = clock_timestamp(),
               probe_until = clock_timestamp() + make_interval(secs => %(patience)s)
         WHERE name = %(name)s
           AND (state = 'open' AND opened_at + make_interval(secs => %(pause)s) <= clock_timestamp()
                OR state = 'half_open' AND probe_until <= clock_timestamp())
        RETURNING name
    )
    SELECT state = 'closed', EXISTS (SELECT 1 FROM probe),
           extract(epoch FROM CASE state WHEN 'open' THEN opened_at + make_interval(secs => %(pause)s)
                                         ELSE probe_until END - clock_timestamp())::float
      FROM agents_breaker WHERE name = %(name)s
"""

FAILED = """
    INSERT INTO agents_breaker AS b (name, state, failures, last_error, opened_at, failing_since, changed_at)
    VALUES (%(name)s, CASE WHEN %(limit)s <= 1 THEN 'open' ELSE 'closed' END, 1, %(error)s,
            CASE WHEN %(limit)s <= 1 THEN clock_timestamp() END, clock_timestamp(), clock_timestamp())
    ON CONFLICT (name) DO UPDATE
       SET failures = b.failures + 1, last_error = EXCLUDED.last_error, changed_at = clock_timestamp(),
           failing_since = coalesce(b.failing_since, clock_timestamp()),
           state = CASE WHEN b.state = 'half_open' OR b.failures + 1 >= %(limit)s THEN 'open' ELSE 'closed' END,
           opened_at = CASE WHEN b.state = 'half_open' OR b.failures + 1 >= %(limit)s THEN clock_timestamp() END,
           probe = NULL, probe_until = NULL
     WHERE b.state = 'closed' OR b.state = 'half_open' AND b.probe = %(probe)s
"""

SPOKE = """
    UPDATE agents_breaker SET state = 'closed', failures = %(limit)s - 1, opened_at = NULL, probe = NULL,
           probe_until = NULL, changed_at = clock_timestamp()
     WHERE name = %(name)s AND state = 'half_open' AND probe = %(probe)s
"""

SUCCEEDED = """
    UPDATE agents_breaker SET state = 'closed', failures = 0, opened_at = NULL, failing_since = NULL, probe = NULL,
           probe_until = NULL, changed_at = clock_timestamp()
     WHERE name = %(name)s AND (state = 'closed' AND failures > 0 OR state = 'half_open' AND probe = %(probe)s)
"""

HAND_BACK = """
    UPDATE agents_breaker SET state = 'open', probe = NULL, probe_until = NULL
     WHERE name = %(name)s AND state = 'half_open' AND probe = %(probe)s
"""


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to call a model once. `probe` marks the one call that tries whether it is back."""

    name: str
    probe: UUID | None = None

    async def spoke(self) -> None:
        """A probe heard a first word: others need not wait for its end. Should it break later, all is as before."""
        if self.probe is not None:
            await self.tell(SPOKE, limit=settings.BREAKER_FAILURES)

    async def succeeded(self) -> None:
        await self.tell(SUCCEEDED)

    async def failed(self, error: LLMError) -> None:
        """A provider that refuses a request answers all the same, so only the errors of `COUNTED` speak against it."""
        if error.kind in COUNTED:
            forget(self.name)
            await self.tell(FAILED, error=error.kind, limit=settings.BREAKER_FAILURES)
        elif error.kind != "cancelled":
            await self.succeeded()

    async def unused(self) -> None:
        """The call came to nothing for reasons of ours: the next one may probe."""
        if self.probe is not None:
            await self.tell(HAND_BACK)

    async def tell(self, sql: str, **facts: object) -> None:
        try:
            await db.execute(sql, {"name": self.name, "probe": self.probe, **facts})
        except Unavailable as error:
            log.warning("the breaker of %s was not told: %s", self.name, error)


_closed: dict[str, float] = {}


def forget(name: str = "") -> None:
    """What this process has read of a breaker, or of all of them."""
    if name:
        _closed.pop(name, None)
    else:
        _closed.clear()


async def admit(name: str, patience: float) -> Pass | float:
    """A pass for one call, or the seconds until the next may try. A probe has `patience` seconds for its first word."""
    now = time.monotonic()
    if _closed.get(name, 0.0) > now:
        return Pass(name)
    probe = uuid4()
    params = {"name": name, "probe": probe, "patience": patience, "pause": settings.BREAKER_SECONDS}
    try:
        row = await db.fetchrow(ADMIT, params)
    except Unavailable:
        return Pass(name)  # the database's trouble is no sign of the provider's
    if row is None or row[0]:
        _closed[name] = now + FRESH
        return Pass(name)
    return Pass(name, probe) if row[1] else max(1.0, row[2])
