"""The SQL that reads messages and events. The JSON of a message is made here and nowhere else, by PostgreSQL.

Aliases: `m` message, `a` its author, `r` the room, `e` event. Parameters are named; see each reader in `reading.py`.
Values never enter the text of a statement: what is formatted in is our own fragments only.
"""

from __future__ import annotations

from .audience import EVENT_READABLE_SQL, READABLE_SQL


def utc(column: str) -> str:
    """A timestamp as ISO 8601 in UTC."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


PERSON_JSON = """json_build_object(
    'username', a.username, 'display_name', coalesce(nullif(a.display_name, ''), a.username), 'kind', a.kind,
    'avatar', a.avatar, 'hue', a.hue)"""


def plain(html: str) -> str:
    """The beginning of a text without its tags, in one line: what reads as words, not as Markdown."""
    text = f"regexp_replace(left({html}, 2000), '<[^>]*(>|$)', '', 'g')"
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = f"replace({text}, '{entity}', '{character}')"
    return f"left(btrim(regexp_replace({text}, E'\\\\s+', ' ', 'g')), 140)"


# `f` is an attachment. Addresses are made here, for `rooms.present` alike: a test holds the two together.
ATTACHMENT_JSON = """json_build_object(
    'id', f.id, 'name', f.name, 'kind', f.kind, 'type', f.content_type, 'size', f.size, 'width', f.width,
    'height', f.height, 'alt', f.alt, 'url', '/api/v1/attachments/' || f.id || '/content/',
    'thumbnail', CASE WHEN f.kind = 'image' THEN '/api/v1/attachments/' || f.id || '/thumbnail/' END)"""

ATTACHMENTS_JSON = f"""CASE WHEN m.attached = 0 THEN '[]'::json ELSE (
    SELECT coalesce(json_agg({ATTACHMENT_JSON} ORDER BY f.place), '[]'::json)
    FROM rooms_attachment f WHERE f.message_id = m.id) END"""

# A quotation is only for all when what it quotes is: no words of a whisper or of a recalled message in a reply to it.
REPLY_JSON = f"""(SELECT json_build_object('id', q.id, 'seq', q.seq, 'author', qa.username,
        'excerpt', CASE WHEN q.html = '' AND q.attached > 0 THEN
            (SELECT left(string_agg(f.name, ', ' ORDER BY f.place), 140) FROM rooms_attachment f
             WHERE f.message_id = q.id) ELSE {plain("q.html")} END)
    FROM rooms_message q JOIN rooms_user qa ON qa.id = q.author_id
    WHERE q.id = m.reply_to_id AND q.visible_to IS NULL AND q.state IN ('visible', 'interrupted'))"""

REACTIONS_JSON = """coalesce((SELECT json_agg(json_build_object('emoji', x.emoji, 'count', x.n, 'users', x.users) ORDER BY x.first)
    FROM (SELECT emoji, count(*) AS n, min(v.id) AS first, json_agg(u.username ORDER BY v.id) AS users
          FROM rooms_reaction v JOIN rooms_user u ON u.id = v.user_id
          WHERE v.message_id = m.id GROUP BY emoji) x), '[]'::json)"""  # noqa: E501

AUDIENCE_JSON = """CASE WHEN m.visible_to IS NOT NULL THEN
    (SELECT json_agg(u.username ORDER BY u.username) FROM rooms_user u WHERE u.id = ANY(m.visible_to)) END"""

MESSAGE_JSON = f"""json_build_object(
    'id', m.id, 'seq', m.seq, 'room', r.slug, 'author', {PERSON_JSON},
    'body', m.body, 'html', m.html, 'state', m.state, 'mentions', to_json(m.mentions),
    'reply_to', m.reply_to_id, 'reply', CASE WHEN m.reply_to_id IS NOT NULL THEN {REPLY_JSON} END,
    'thread', m.thread_id, 'visible_to', {AUDIENCE_JSON},
    'reactions', {REACTIONS_JSON}, 'attachments', {ATTACHMENTS_JSON}, 'run', m.run, 'notice', m.notice,
    'client_id', m.client_id, 'edited_at', {utc("m.edited_at")}, 'created_at', {utc("m.created_at")})"""

FROM_MESSAGE = """rooms_message m
    JOIN rooms_room r ON r.id = m.room_id
    JOIN rooms_user a ON a.id = m.author_id"""

ONE_MESSAGE = f"SELECT {MESSAGE_JSON}::text FROM {FROM_MESSAGE} WHERE m.id = %(id)s AND {READABLE_SQL}"


def page(direction: str, bound: str) -> str:
    """Some readable messages on one side of a number: (seq, json text, state), nearest first.

    Walks the unique index on (room, seq) from the bound, so its cost does not grow with the room.
    """
    order = "DESC" if direction == "before" else "ASC"
    return f"""SELECT m.seq, {MESSAGE_JSON}::text, m.state FROM {FROM_MESSAGE}
        WHERE m.room_id = %(room)s AND m.seq {bound} %(seq)s AND {READABLE_SQL}
        ORDER BY m.seq {order} LIMIT %(limit)s"""


PAGE_BEFORE = page("before", "<")
PAGE_UP_TO = page("before", "<=")
PAGE_AFTER = page("after", ">")

# Frames of a room's log after a number, each with the facts that say who may see it. `readable` is whether this
# reader may.
EVENTS_AFTER = f"""SELECT e.seq, e.type, r.slug,
        CASE WHEN m.id IS NULL THEN e.data::json
             WHEN e.data = '{{}}' THEN json_build_object('message', {MESSAGE_JSON})
             ELSE (e.data || jsonb_build_object('message', {MESSAGE_JSON}))::json END::text,
        m.author_id, m.state, coalesce(m.visible_to, e.visible_to), e.moderators_only, e.about_id,
        {EVENT_READABLE_SQL}
    FROM rooms_event e
    JOIN rooms_room r ON r.id = e.room_id
    LEFT JOIN rooms_message m ON m.id = e.message_id
    LEFT JOIN rooms_user a ON a.id = m.author_id
    WHERE e.room_id = %(room)s AND e.seq > %(after)s
    ORDER BY e.seq LIMIT %(limit)s"""

LAST_SEQ = "SELECT last_seq FROM rooms_room WHERE id = %(room)s"

# What a person is to a room, re-read whenever it may have changed: no row when the room is gone.
STANDING = """SELECT r.id, r.slug, r.visibility, r.kind, u.kind, u.is_active, u.is_superuser, s.role,
        r.last_seq, r.watched
    FROM rooms_room r CROSS JOIN rooms_user u
    LEFT JOIN rooms_membership s ON s.room_id = r.id AND s.user_id = u.id
    WHERE r.slug = %(slug)s AND u.id = %(user)s AND r.deleted_at IS NULL"""

UNREAD = f"""SELECT s.room_id, count(x.seq) FROM rooms_membership s
    LEFT JOIN LATERAL (SELECT m.seq FROM rooms_message m
        WHERE m.room_id = s.room_id AND m.seq > s.read_seq AND m.author_id <> %(reader)s
          AND m.state IN ('visible', 'writing', 'interrupted')
          AND {READABLE_SQL.replace("%(moderates)s", "s.role IN ('owner', 'moderator')")}
        ORDER BY m.seq LIMIT 100) x ON true
    WHERE s.user_id = %(reader)s GROUP BY s.room_id"""
