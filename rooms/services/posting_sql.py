"""The statements of posting: looking up what a draft names, keeping it, and finding out why it was not kept.

Only fragments of our own are formatted in; every value is a parameter.
"""

from __future__ import annotations

from .. import queries
from ..audience import READABLE_SQL

LOOK_UP = f"""
    SELECT ARRAY(SELECT u.username FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
                 WHERE s.room_id = %(room)s AND u.username = ANY(%(mentions)s)),
           (SELECT m.id FROM rooms_message m WHERE m.id = %(reply_to)s AND m.room_id = %(room)s AND {READABLE_SQL}),
           (SELECT m.id FROM rooms_message m WHERE m.id = %(thread)s AND m.room_id = %(room)s AND {READABLE_SQL}),
           ARRAY(SELECT u.id FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
                 WHERE s.room_id = %(room)s AND u.username = ANY(%(visible_to)s) ORDER BY u.id)
"""

KEEP = f"""
    WITH sender AS (
        SELECT s.role FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
        WHERE s.room_id = %(room)s AND s.user_id = %(author)s AND s.role = ANY(%(roles)s) AND u.is_active
        FOR SHARE OF s
    ), r AS (
        UPDATE rooms_room SET last_seq = last_seq + 1
        WHERE id = %(room)s AND deleted_at IS NULL AND (%(trusted)s OR EXISTS (SELECT 1 FROM sender))
        RETURNING id, slug, last_seq, watched
    ), m AS (
        INSERT INTO rooms_message (id, room_id, seq, author_id, body, html, state, mentions, reply_to_id, thread_id,
                                   visible_to, client_id, fingerprint, notice, created_at)
        SELECT %(id)s, r.id, r.last_seq, %(author)s, %(body)s, %(html)s, %(state)s, %(mentions)s, %(reply_to)s, %(thread)s,
               %(visible_to)s, %(client_id)s, %(fingerprint)s, '', statement_timestamp() FROM r
        RETURNING *
    ), e AS (
        INSERT INTO rooms_event (room_id, seq, type, actor_id, message_id, data, visible_to, moderators_only, pending, created_at)
        SELECT r.id, r.last_seq, %(type)s, %(author)s, %(id)s, %(notes)s, %(visible_to)s, false,
               r.watched AND %(handled)s, statement_timestamp() FROM r
        RETURNING id, pending
    )
    SELECT r.last_seq, e.id, e.pending, {queries.MESSAGE_JSON}::text
    FROM m, r, e, rooms_user a WHERE a.id = m.author_id
"""  # noqa: E501

STORED = f"""
    SELECT m.fingerprint, {queries.MESSAGE_JSON}::text FROM {queries.FROM_MESSAGE}
    WHERE m.room_id = %(room)s AND m.author_id = %(author)s AND m.client_id = %(client_id)s
"""

WHY_NOT = """
    SELECT r.deleted_at IS NULL AND (s.role IS NOT NULL OR r.visibility = 'public' AND u.kind = 'human') AND u.is_active
    FROM rooms_room r CROSS JOIN rooms_user u
    LEFT JOIN rooms_membership s ON s.room_id = r.id AND s.user_id = u.id
    WHERE r.id = %(room)s AND u.id = %(author)s
"""
