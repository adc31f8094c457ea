"""The statements of posting: looking up what a draft names, keeping it, and finding out why it was not kept.

Only fragments of our own are formatted in; every value is a parameter.
"""

from __future__ import annotations

from .. import queries
from ..allowances import count_sql, most_sql
from ..audience import READABLE_SQL
from ..models.allowance import What

LOOK_UP = f"""
    SELECT ARRAY(SELECT u.username FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
                 WHERE s.room_id = %(room)s AND u.username = ANY(%(mentions)s)),
           (SELECT m.id FROM rooms_message m WHERE m.id = %(reply_to)s AND m.room_id = %(room)s AND {READABLE_SQL}),
           (SELECT m.id FROM rooms_message m WHERE m.id = %(thread)s AND m.room_id = %(room)s AND {READABLE_SQL}),
           ARRAY(SELECT u.id FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
                 WHERE s.room_id = %(room)s AND u.username = ANY(%(visible_to)s) ORDER BY u.id)
"""

NEW_MESSAGE_JSON = queries.MESSAGE_JSON.replace(queries.REACTIONS_JSON, "'[]'::json").replace(
    queries.ATTACHMENTS_JSON, "'[]'::json"
)
WITH_FILES_JSON = queries.MESSAGE_JSON.replace(queries.REACTIONS_JSON, "'[]'::json").replace(
    queries.ATTACHMENTS_JSON, f"(SELECT json_agg({queries.ATTACHMENT_JSON} ORDER BY f.place) FROM filed f)"
)

# Files are their author's own, uploaded here and in no message yet. They are locked after the room: of two messages
# that want the same one, the second finds it taken, and is not kept.
CLAIM = """
    ), claimed AS MATERIALIZED (
        SELECT f.id FROM place JOIN rooms_attachment f ON f.room_id = place.id
        WHERE f.id = ANY(%(attachments)s) AND f.uploader_id = %(author)s AND f.message_id IS NULL
        FOR UPDATE OF f"""
ALL_CLAIMED = "(SELECT count(*) FROM claimed) = cardinality(%(attachments)s::uuid[])"
FILE = """
    ), filed AS (
        UPDATE rooms_attachment f SET message_id = %(id)s, place = array_position(%(attachments)s::uuid[], f.id)
        FROM r, claimed WHERE f.id = claimed.id RETURNING f.*"""


def keep_sql(*, files: bool) -> str:
    """The room's row is locked first and the membership after it, as all services do: the other way round they would
    wait for each other. What one may send is counted after both, so a room's counts are only touched under its lock.
    """
    complete = f"AND {ALL_CLAIMED}" if files else ""
    return f"""
    WITH place AS (
        SELECT id FROM rooms_room WHERE id = %(room)s AND deleted_at IS NULL FOR NO KEY UPDATE
    ), sender AS (
        SELECT s.role FROM place JOIN rooms_membership s ON s.room_id = place.id JOIN rooms_user u ON u.id = s.user_id
        WHERE s.user_id = %(author)s AND s.role = ANY(%(roles)s) AND u.is_active
        FOR SHARE OF s{CLAIM if files else ""}
    ), allowed AS MATERIALIZED (
        SELECT {most_sql("send", "(SELECT role FROM sender)")} AS most FROM rooms_user u WHERE u.id = %(author)s
    ), counted AS (
        INSERT INTO rooms_tally AS t (user_id, room_id, what, since, used, most, told)
        SELECT %(author)s, place.id, 'send', statement_timestamp(), 1, allowed.most, false FROM place, allowed
        WHERE allowed.most > 0 AND (%(trusted)s OR EXISTS (SELECT 1 FROM sender)) {complete}
        {count_sql(What.SEND)} RETURNING 1
    ), r AS (
        UPDATE rooms_room SET last_seq = last_seq + 1
        WHERE id = (SELECT id FROM place) AND (%(trusted)s OR EXISTS (SELECT 1 FROM sender))
              AND ((SELECT most FROM allowed) = 0 OR EXISTS (SELECT 1 FROM counted)) {complete}
        RETURNING id, slug, last_seq, watched
    ), m AS (
        INSERT INTO rooms_message (id, room_id, seq, author_id, body, html, state, mentions, reply_to_id, thread_id,
                                   visible_to, client_id, fingerprint, notice, attached, created_at)
        SELECT %(id)s, r.id, r.last_seq, %(author)s, %(body)s, %(html)s, %(state)s, %(mentions)s, %(reply_to)s,
               %(thread)s, %(visible_to)s, %(client_id)s, %(fingerprint)s, '',
               {"cardinality(%(attachments)s::uuid[])" if files else "0"}, statement_timestamp() FROM r
        RETURNING *{FILE if files else ""}
    ), e AS (
        INSERT INTO rooms_event (room_id, seq, type, actor_id, message_id, data, visible_to, moderators_only, pending,
                                 created_at)
        SELECT r.id, r.last_seq, %(type)s, %(author)s, %(id)s, %(notes)s, %(visible_to)s, false,
               r.watched AND %(handled)s, statement_timestamp() FROM r
        RETURNING id, pending
    )
    SELECT r.last_seq, e.id, e.pending, {WITH_FILES_JSON if files else NEW_MESSAGE_JSON}::text
    FROM m, r, e, rooms_user a WHERE a.id = m.author_id
    """


KEEP = keep_sql(files=False)
KEEP_WITH_FILES = keep_sql(files=True)

# The same for many, told as JSON. It waits for nobody's lock: what it cannot have at once it leaves out, with whatever
# may not be kept or is there already, and all that somebody says here if it is more than they may send. `KEEP` finds
# out which it was.
KEEP_TOGETHER = f"""
    WITH said AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(said)s::json) AS x(
            place int, room bigint, author bigint, trusted bool, id uuid, body text, html text, state text,
            mentions text[], reply_to uuid, thread uuid, visible_to bigint[], client_id text, fingerprint text,
            type text, notes text, handled bool)
    ), room AS MATERIALIZED (
        SELECT id FROM rooms_room WHERE id IN (SELECT room FROM said) AND deleted_at IS NULL
        FOR NO KEY UPDATE SKIP LOCKED
    ), sender AS MATERIALIZED (
        SELECT s.room_id, s.user_id, s.role FROM rooms_membership s JOIN rooms_user u ON u.id = s.user_id
        WHERE (s.room_id, s.user_id) IN (SELECT room, author FROM said) AND s.role = ANY(%(roles)s) AND u.is_active
        FOR SHARE OF s SKIP LOCKED
    ), wanted AS MATERIALIZED (
        SELECT said.*, sender.role FROM said JOIN room ON room.id = said.room
        LEFT JOIN sender ON sender.room_id = said.room AND sender.user_id = said.author
        LEFT JOIN LATERAL (
            SELECT true AS there FROM rooms_message m WHERE m.room_id = said.room AND m.author_id = said.author
            AND m.client_id = said.client_id AND m.client_id <> '' LIMIT 1) before ON said.client_id <> ''
        WHERE (said.trusted OR sender.room_id IS NOT NULL) AND before.there IS NULL
    ), allowed AS MATERIALIZED (
        SELECT w.room, w.author, w.n, {most_sql("send", "w.role")} AS most
        FROM (SELECT room, author, min(role) AS role, count(*) AS n FROM wanted GROUP BY room, author) w
        JOIN rooms_user u ON u.id = w.author
    ), counted AS (
        INSERT INTO rooms_tally AS t (user_id, room_id, what, since, used, most, told)
        SELECT author, room, 'send', statement_timestamp(), n, most, false FROM allowed WHERE n <= most
        {count_sql(What.SEND)} RETURNING t.room_id, t.user_id
    ), kept AS MATERIALIZED (
        SELECT wanted.*, row_number() OVER (PARTITION BY wanted.room ORDER BY wanted.place) AS nth
        FROM wanted JOIN allowed ON allowed.room = wanted.room AND allowed.author = wanted.author
        LEFT JOIN counted ON counted.room_id = wanted.room AND counted.user_id = wanted.author
        WHERE allowed.most = 0 OR counted.room_id IS NOT NULL
    ), r AS (
        UPDATE rooms_room q SET last_seq = last_seq + n
        FROM (SELECT room, count(*) AS n FROM kept GROUP BY room) x WHERE q.id = x.room
        RETURNING q.id, q.slug, q.last_seq - n AS before, q.watched
    ), m AS (
        INSERT INTO rooms_message (id, room_id, seq, author_id, body, html, state, mentions, reply_to_id, thread_id,
                                   visible_to, client_id, fingerprint, notice, created_at)
        SELECT k.id, r.id, r.before + k.nth, k.author, k.body, k.html, k.state, k.mentions, k.reply_to,
               k.thread, k.visible_to, k.client_id, k.fingerprint, '', statement_timestamp()
        FROM kept k JOIN r ON r.id = k.room
        RETURNING *
    ), e AS (
        INSERT INTO rooms_event (room_id, seq, type, actor_id, message_id, data, visible_to, moderators_only, pending,
                                 created_at)
        SELECT r.id, r.before + k.nth, k.type, k.author, k.id, k.notes::jsonb, k.visible_to, false,
               r.watched AND k.handled, statement_timestamp()
        FROM kept k JOIN r ON r.id = k.room
        RETURNING id, pending, message_id
    )
    SELECT m.id, m.seq, e.id, e.pending, {NEW_MESSAGE_JSON}::text
    FROM m JOIN r ON r.id = m.room_id JOIN e ON e.message_id = m.id JOIN rooms_user a ON a.id = m.author_id
"""

STORED = f"""
    SELECT m.fingerprint, {queries.MESSAGE_JSON}::text FROM {queries.FROM_MESSAGE}
    WHERE m.room_id = %(room)s AND m.author_id = %(author)s AND m.client_id = %(client_id)s
"""

# How many of these files one may still put into a message here.
UNUSED = """
    SELECT count(*) FROM rooms_attachment f
    WHERE f.id = ANY(%(attachments)s) AND f.room_id = %(room)s AND f.uploader_id = %(author)s AND f.message_id IS NULL
"""

# Whether they may see the room; how many they have sent, if that is all that stood against it; seconds until then.
WHY_NOT = """
    SELECT r.deleted_at IS NULL AND u.is_active
               AND (s.role IS NOT NULL OR r.visibility = 'public' AND u.kind = 'human'),
           CASE WHEN r.deleted_at IS NULL AND u.is_active AND (%(trusted)s OR s.role = ANY(%(roles)s)) THEN t.used END,
           extract(epoch FROM t.since + interval '1 minute' - clock_timestamp())::float
    FROM rooms_room r CROSS JOIN rooms_user u
    LEFT JOIN rooms_membership s ON s.room_id = r.id AND s.user_id = u.id
    LEFT JOIN rooms_tally t ON t.room_id = r.id AND t.user_id = u.id AND t.what = 'send'
    WHERE r.id = %(room)s AND u.id = %(author)s
"""
