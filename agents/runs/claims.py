"""Who may run a step: whoever's conditional UPDATE finds it waiting.

The claim carries a lease by the database's clock, and a fence. Everything a run writes later names the fence, so that
only one of two workers can ever finish a step.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol
from uuid import UUID

from rooms import prepared

LEASE = 20.0
HEARTBEAT = 5.0
"""A dead worker is noticed after LEASE seconds at most, plus the sweeper's pause; a living one may miss three beats."""

# What every step looks at before it begins, of the task `t`; see `Standing`.
STANDING = """
    (SELECT x.role FROM rooms_membership x WHERE x.room_id = t.room_id AND x.user_id = t.requester_id),
    coalesce((SELECT c.whole_review FROM agents_conduct c WHERE c.room_id = t.room_id), false),
    EXISTS (SELECT 1 FROM agents_conduct c WHERE c.room_id = t.room_id AND c.paused_at IS NOT NULL)
"""

CLAIM = f"""
    WITH claimed AS (
        UPDATE agents_step s
           SET status = 'running', fence = s.fence + 1, attempt = s.attempt + 1, lease_owner = %(owner)s,
               lease_until = clock_timestamp() + make_interval(secs => %(lease)s), started_at = clock_timestamp()
          FROM agents_task t
         WHERE s.id = %(step)s AND s.status = 'waiting' AND NOT s.held
           AND t.id = s.task_id AND t.status IN ('waiting', 'running') AND t.cancel_requested_at IS NULL
           AND t.queued_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM agents_step_needs n JOIN agents_step x ON x.id = n.to_step_id
                           WHERE n.from_step_id = s.id AND x.status <> 'done' AND NOT (
                               x.kind IN ('consult', 'plan', 'review', 'resolve')
                               AND x.status IN ('failed', 'interrupted')))
        RETURNING s.task_id, s.fence
    )
    UPDATE agents_task t SET status = 'running', started_at = coalesce(t.started_at, clock_timestamp())
      FROM claimed WHERE t.id = claimed.task_id
    RETURNING claimed.fence, {STANDING}
"""  # noqa: S608  # only the fragment above is formatted in

# Those that are ours still, and whether they were extended: what is locked is being ended in this moment, and who ends
# it may wait for something else.
EXTEND = """
    WITH mine AS MATERIALIZED (
        SELECT s.id FROM unnest(%(steps)s::uuid[], %(fences)s::int[]) AS mine(step, fence)
          JOIN agents_step s ON s.id = mine.step AND s.fence = mine.fence AND s.status = 'running'
    ), free AS MATERIALIZED (
        SELECT s.id FROM agents_step s, unnest(%(steps)s::uuid[], %(fences)s::int[]) AS mine(step, fence)
         WHERE s.id = mine.step AND s.fence = mine.fence AND s.status = 'running'
           FOR NO KEY UPDATE OF s SKIP LOCKED
    ), extended AS (
        UPDATE agents_step s SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
          FROM free WHERE s.id = free.id RETURNING s.id
    )
    SELECT mine.id, extended.id IS NOT NULL FROM mine LEFT JOIN extended ON extended.id = mine.id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood in the moment of a claim: whoever leaves after it is found out by the watch.

    `role` is that of the requester; who asks by a grant of their own, or as a superuser, has none. `whole_review`: the
    room wants every answer to be looked at as a whole before it sees any of it. `is_paused`: its agents are switched
    off.
    """

    role: str | None
    whole_review: bool
    is_paused: bool

    @property
    def by_membership(self) -> bool:
        """Who is not, is not sent off for being no member."""
        return self.role is not None


@dataclass(slots=True)
class Lease:
    """How long a step is surely ours, by this process's own clock: `since` it was extended last (monotonic)."""

    since: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.since > LEASE


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that is ours. Its lease is extended by `keeping`."""

    step_id: UUID
    fence: int
    standing: Standing
    lease: Lease = field(compare=False)


def claim(step_id: UUID) -> Claim | None:
    """The step is ours until the lease ends. None when somebody else has it, it is not ready, or no longer wanted."""
    lease = Lease(time.monotonic())
    rows = prepared.fetch(CLAIM, {"step": step_id, "owner": owner(), "lease": LEASE})
    return Claim(step_id, rows[0][0], Standing(*rows[0][1:]), lease) if rows else None


class Keyed(Protocol):
    @property
    def step_id(self) -> UUID: ...

    @property
    def fence(self) -> int: ...


def keys_of(ours: Sequence[Keyed]) -> dict[str, object]:
    """Steps by their fences, as statements about several of them are told which."""
    return {"steps": [one.step_id for one in ours], "fences": [one.fence for one in ours]}


def owner() -> str:
    """For people who look at a stuck step: which process has it."""
    return f"{host()}:{os.getpid()}"


@cache
def host() -> str:
    return socket.gethostname()[:64]
