"""The usual beginning of an answer as one statement: its message, what the prompt was made of, and the events of both.

`laying.begin` and what `steps.complete` remembers take twelve for that. Locks are taken in the order step, task, room,
member. Where something is not as usual (the message was begun before, the agent or the room is gone, the step is ours
no more) it does nothing at all, and they find out what is the matter. A test compares what the two leave behind.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from rooms import prepared, written
from rooms.ids import uuid7
from rooms.models import Message

from ..context.building import Context
from ..models import Task
from ..triggers.seats import reply_audience
from .claims import Claim
from .laying import facts_of

KEPT = """
        INSERT INTO agents_prompt (sha256, template, parts, created_at)
        SELECT %(prompt)s::varchar, %(template)s::text, %(parts)s::jsonb, now() WHERE %(prompt)s::varchar IS NOT NULL
        ON CONFLICT DO NOTHING
"""
READ = """
        UPDATE agents_step SET prompt_id = %(prompt)s::varchar, prompt_sha256 = %(sha256)s, prompt_tokens = %(tokens)s,
               read = %(read)s::uuid[], pictures = %(pictures)s::jsonb
         WHERE id = %(step)s AND fence = %(fence)s
"""
REMEMBER = f"WITH kept AS ({KEPT}) {READ}"

BEGIN = f"""
    WITH kept AS ({KEPT}
    ), s AS ({READ} AND status = 'running' RETURNING id
    ), t AS MATERIALIZED (
        SELECT t.id, t.room_id FROM (SELECT count(*) AS mine FROM s) AS s, agents_task t
         WHERE s.mine = 1 AND t.id = %(task)s AND t.reply_id IS NULL FOR NO KEY UPDATE OF t
    ), place AS MATERIALIZED (
        SELECT q.id FROM t, rooms_room q WHERE q.id = t.room_id AND q.deleted_at IS NULL FOR NO KEY UPDATE OF q
    ), member AS MATERIALIZED (
        SELECT x.room_id FROM place, rooms_membership x WHERE x.room_id = place.id AND x.user_id = %(author)s
           FOR SHARE OF x
    ), r AS (
        UPDATE rooms_room q SET last_seq = q.last_seq + 2 FROM member WHERE q.id = member.room_id
        RETURNING q.id, q.slug, q.last_seq - 2 AS before, q.watched
    ), m AS (
        INSERT INTO rooms_message (id, room_id, seq, author_id, body, html, state, mentions, reply_to_id, thread_id,
                                   visible_to, client_id, fingerprint, run, notice, created_at)
        SELECT %(id)s, r.id, r.before + 1, %(author)s, '', '', 'writing', '{{}}', %(reply_to)s, %(thread)s,
               %(visible_to)s::bigint[], '', '', %(task)s, '', statement_timestamp() FROM r
        RETURNING *
    ), task AS (
        UPDATE agents_task SET reply_id = m.id FROM m WHERE agents_task.id = %(task)s
    ), {written.EVENTS}
"""  # noqa: S608  # only fragments of our own are formatted in


def begin_at_once(task: Task, claim: Claim, told: Context) -> Message | None:
    """The message of a task that nobody has begun; everybody sees that the agent writes. None when nothing was done."""
    id = uuid7()
    rows = prepared.fetch(BEGIN, params_of(task, id) | facts_about(claim, told))
    if not rows:
        return None
    task.reply = message_of(task, id, rows[0])
    written.tell(rows)
    return task.reply


def remember(claim: Claim, told: Context) -> None:
    """Which instructions and which messages this prompt was made of. Written while the model thinks."""
    prepared.execute(REMEMBER, facts_about(claim, told))


def facts_about(claim: Claim, told: Context) -> dict[str, Any]:
    used = told.instructions
    return {
        "step": claim.step_id,
        "fence": claim.fence,
        "prompt": used and used.sha256,
        "template": used and used.template,
        "parts": orjson.dumps(used.parts).decode() if used else None,
        "sha256": told.sha256,
        "tokens": told.tokens,
        "read": told.read,
        "pictures": orjson.dumps([one.as_facts() for one in told.pictures]).decode(),
    }


def params_of(task: Task, id: UUID) -> dict[str, Any]:
    run, question = str(task.pk), task.trigger_message
    started = ("message.started", {"run": run}, True)
    return {
        "id": id,
        "task": task.pk,
        "author": task.agent.user_id,
        "reply_to": question.pk if question else None,
        "thread": question.thread_id if question else None,
        "visible_to": audience_of(task),
        **written.params_of(started, ("run.started", facts_of(task) | {"message": str(id)}, True)),
    }


def audience_of(task: Task) -> list[int] | None:
    readers = reply_audience(task.trigger_message) if task.trigger_message else None
    return None if readers is None else sorted({*readers, task.agent.user_id})


def message_of(task: Task, id: UUID, row: tuple[Any, ...]) -> Message:
    question = task.trigger_message
    return Message(
        id=id,
        room=task.room,
        seq=row[13],
        author=task.agent.user,
        state=Message.State.WRITING,
        run=task.pk,
        reply_to=question,
        thread_id=question.thread_id if question else None,
        visible_to=audience_of(task),
        created_at=row[14],
    )
