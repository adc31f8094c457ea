"""What is laid out most often, in two statements: one agent, free, answers one person at once.

`MARK` notes that the event was looked at, counts the question and waits for the room's line; `LAY` then sees what was
laid out before it. What it lays is ours already, as after `claims.claim`.
"""

from __future__ import annotations

import time
from typing import Any

from rooms import prepared
from rooms.ids import uuid7
from rooms.models import Message, User
from rooms.models.allowance import What

from ..models import Seat, Status, Step, Task
from ..money import asks
from ..runs import line
from ..runs.claims import LEASE, STANDING, Claim, Lease, Standing, owner

MARK = f"""
    WITH once AS (
        INSERT INTO agents_wake (event_id, at) VALUES (%(event)s, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING 1
    ), {asks.counting("%(counted)s AND EXISTS (SELECT 1 FROM once)")}
    ), marked AS MATERIALIZED (
        SELECT EXISTS (SELECT 1 FROM once) AS first, (SELECT {asks.USED_UP} FROM me) AS used_up
    )
    SELECT first, used_up, CASE WHEN first AND used_up IS NULL THEN
               pg_advisory_xact_lock(%(space)s::int, %(line)s::int)::text END FROM marked
"""  # noqa: S608  # only fragments of our own are formatted in

LAY = f"""
    WITH t AS (
        INSERT INTO agents_task (id, room_id, agent_id, seat_id, requester_id, trigger_message_id, root_message_id,
                                 pattern, agent_version, attempt, depth, status, reason, notice, created_at, started_at)
        SELECT %(task)s, %(room)s, %(agent)s, %(seat)s, %(requester)s, %(question)s, %(question)s,
               'separate', %(version)s, 1, 0, 'running', '', '', statement_timestamp(), statement_timestamp()
         WHERE NOT EXISTS (SELECT 1 FROM agents_task b
                            WHERE b.seat_id = %(seat)s AND b.status IN ('waiting', 'running'))
        RETURNING id, room_id, requester_id
    ), s AS (
        INSERT INTO agents_step (id, task_id, kind, title, status, held, fence, attempt, lease_owner, lease_until,
                                 prompt_sha256, prompt_tokens, tool, input, read, output, error, started_at)
        SELECT %(step)s, t.id, 'complete', '', 'running', false, 1, 1, %(owner)s,
               clock_timestamp() + make_interval(secs => %(lease)s), '', 0, '', '{{}}', '{{}}', '{{}}', '',
               clock_timestamp() FROM t
        RETURNING fence
    )
    SELECT s.fence, {STANDING} FROM s, t
"""  # noqa: S608


def mark(event_id: int, question: Message, *, counted: bool) -> tuple[bool, What | None]:
    """Whether this is the first time, and what whoever asks has used up. If nothing, the line of the room is ours until
    the transaction ends; nothing else may be locked after it."""
    key = line.key_of(question.room_id)
    params = {"event": event_id, "counted": counted, "space": key["space"], "line": key["room"]}
    who = {"user": question.author_id, "room": question.room_id}
    first, used_up, _ = prepared.fetch(MARK, params | who | asks.limits())[0]
    return first, What(used_up) if used_up else None


def lay(seat: Seat, question: Message, requester: User) -> tuple[Step, Claim] | None:
    """None when the agent is busy, and nothing was laid out. Wants the line of the room."""
    task = Task(
        room=seat.room,
        agent=seat.agent,
        seat=seat,
        requester=requester,
        trigger_message=question,
        root_message=question,
        agent_version=seat.agent.version,
        status=Status.RUNNING,
    )
    step = Step(id=uuid7(), task=task, status=Status.RUNNING, fence=1, attempt=1)
    lease = Lease(time.monotonic())
    rows = prepared.fetch(LAY, params_of(task, step))
    if not rows:
        return None
    task._state.adding = step._state.adding = False
    fence, *standing = rows[0]
    return step, Claim(step.pk, fence, Standing(*standing), lease)


def params_of(task: Task, step: Step) -> dict[str, Any]:
    return {
        "task": task.pk,
        "step": step.pk,
        "room": task.room_id,
        "agent": task.agent_id,
        "seat": task.seat_id,
        "requester": task.requester_id,
        "question": task.trigger_message_id,
        "version": task.agent_version,
        "owner": owner(),
        "lease": LEASE,
    }
