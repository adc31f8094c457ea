"""Who may run a step: whoever's conditional UPDATE finds it waiting.

The claim carries a lease by the database's clock, and a fence. Everything a run writes later names the fence, so that
only one of two workers can ever finish a step.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from uuid import UUID

from rooms import prepared

LEASE = 20.0
HEARTBEAT = 5.0
"""A dead worker is noticed after LEASE seconds at most, plus the sweeper's pause; a living one may miss three beats."""

CLAIM = """
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
    RETURNING claimed.fence
"""

EXTEND = """
    UPDATE agents_step s SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
      FROM unnest(%(steps)s::uuid[], %(fences)s::int[]) AS mine(step, fence)
     WHERE s.id = mine.step AND s.fence = mine.fence AND s.status = 'running'
    RETURNING s.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    step_id: UUID
    fence: int


def claim(step_id: UUID) -> Claim | None:
    """The step is ours until the lease ends. None when somebody else has it, it is not ready, or no longer wanted."""
    rows = prepared.fetch(CLAIM, {"step": step_id, "owner": owner(), "lease": LEASE})
    return Claim(step_id, rows[0][0]) if rows else None


def owner() -> str:
    """For people who look at a stuck step: which process has it."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}"
