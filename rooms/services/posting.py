"""Posting a message: the hottest path of the house, written once for synchronous and asynchronous callers.

    prepare   clean the text, pass the gates, draw the HTML       no I/O
    look up   names mentioned, the message replied to, audience   one query, only when there are any
    keep      rights re-read, number, message, event              one statement, one round trip, one transaction
    settle    the stored row, or why there is none                a second query only for resends and refusals
    relay     the ready frame to listeners, the id to handlers

The statement reads the sender's role again under a share lock and takes the room's number last, so a removal and a
message are ordered by their locks, and number order is commit order. JSON of the message comes back from the same
statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from .. import db, gates, handlers, markup, queries, relaying, roles
from ..access import as_uuid
from ..audience import READABLE_SQL
from ..errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from ..ids import uuid7
from ..live.frames import Frame, wire
from ..models import Room, User

MAX_CLIENT_ID = 64
MAX_NAMED = 100


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who posts, without the ORM: sockets keep this. `trusted` says that the caller has asked `has_perm` for a right
    that does not come from the role alone (a grant, a superuser), which the statement cannot re-read."""

    id: int
    kind: str
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The room to post in, without the ORM."""

    id: int
    slug: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A kept message as JSON text. `created` is False for the resend of one that was there."""

    json: str
    created: bool

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.json)
        return found


@dataclass(frozen=True, slots=True)
class Links:
    """What a draft names, found in the room."""

    mentions: tuple[str, ...] = ()
    reply_to: UUID | None = None
    thread: UUID | None = None
    visible_to: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a draft names, as its sender wrote it."""

    mentions: tuple[str, ...]
    reply_to: UUID | None
    thread: UUID | None
    visible_to: tuple[str, ...] | None

    @property
    def any(self) -> bool:
        return bool(self.mentions or self.reply_to or self.thread or self.visible_to is not None)


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

ROLES = roles.roles_with("post_message")


@dataclass(frozen=True, slots=True)
class Posting:
    """A message on its way: screened, not yet drawn nor kept."""

    place: Place
    speaker: Speaker
    draft: gates.Draft
    client_id: str
    fingerprint: str
    wanted: Wanted

    def look_up_params(self) -> dict[str, Any]:
        return {
            "room": self.place.id,
            "reader": self.speaker.id,
            "moderates": False,
            "mentions": list(self.wanted.mentions),
            "reply_to": self.wanted.reply_to,
            "thread": self.wanted.thread,
            "visible_to": list(self.wanted.visible_to or ()),
        }

    def keep_params(self, links: Links) -> dict[str, Any]:
        type = "message.held" if self.draft.state == "held" else "message.posted"
        return {
            "room": self.place.id,
            "author": self.speaker.id,
            "trusted": self.speaker.trusted,
            "roles": ROLES,
            "id": uuid7(),
            "body": self.draft.body,
            "html": markup.render(self.draft.body, links.mentions),
            "state": self.draft.state,
            "mentions": list(links.mentions),
            "reply_to": links.reply_to,
            "thread": links.thread,
            "visible_to": None if links.visible_to is None else list(links.visible_to),
            "client_id": self.client_id,
            "fingerprint": self.fingerprint,
            "type": type,
            "notes": orjson.dumps({"notes": self.draft.notes} if self.draft.notes else {}).decode(),
            "handled": handlers.has_handlers(type),
        }

    @property
    def key(self) -> dict[str, Any]:
        return {
            "room": self.place.id,
            "author": self.speaker.id,
            "client_id": self.client_id,
        }


def prepare(
    place: Place,
    speaker: Speaker,
    body: object,
    client_id: str,
    reply_to: str | UUID | None,
    thread: str | UUID | None,
    visible_to: Sequence[str] | None,
) -> Posting:
    """Clean and screen. Raises Invalid, TooLarge or Refused; no I/O."""
    text = gates.clean(body)
    check_client_id(client_id)
    wanted = Wanted(
        mentions=tuple(markup.mentions_in(text)),
        reply_to=linked(reply_to, "reply_to"),
        thread=linked(thread, "thread"),
        visible_to=None if visible_to is None else named(visible_to),
    )
    draft = gates.screen(gates.Draft(place.id, speaker.id, speaker.kind, text))
    return Posting(place, speaker, draft, client_id, fingerprint(client_id, text, wanted), wanted)


def check_client_id(client_id: str) -> None:
    if len(client_id) > MAX_CLIENT_ID or not client_id.isprintable():
        raise Invalid(fields={"client_id": [f"At most {MAX_CLIENT_ID} printable characters."]})


def linked(value: str | UUID | None, field: str) -> UUID | None:
    if value is None:
        return None
    try:
        return as_uuid(value)
    except NotFound:
        raise Invalid(fields={field: ["There is no such message in this room."]}) from None


def named(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) > MAX_NAMED:
        raise Invalid(fields={"visible_to": [f"At most {MAX_NAMED} people."]})
    return tuple(sorted({name.strip().lower() for name in names}))


def fingerprint(client_id: str, body: str, wanted: Wanted) -> str:
    """Tells a resend from another message under the same `client_id`, also after the words themselves are gone."""
    if not client_id:
        return ""
    said = orjson.dumps([body, wanted.reply_to, wanted.thread, wanted.visible_to])
    return blake2b(said, digest_size=16, key=sha256(settings.SECRET_KEY.encode()).digest()).hexdigest()


def links_of(posting: Posting, row: tuple[Any, ...]) -> Links:
    """Check what was found against what was wanted. Raises Invalid naming the field."""
    mentions, reply_to, thread, audience = row
    wanted = posting.wanted
    for field, missing in (
        ("reply_to", wanted.reply_to and not reply_to),
        ("thread", wanted.thread and not thread),
    ):
        if missing:
            raise Invalid(fields={field: ["There is no such message in this room."]})
    if wanted.visible_to is None:
        return Links(tuple(mentions), reply_to, thread)
    if len(audience) != len(wanted.visible_to):
        raise Invalid(fields={"visible_to": ["Everyone named must be a member of the room."]})
    return Links(
        tuple(mentions),
        reply_to,
        thread,
        tuple(sorted({*audience, posting.speaker.id})),
    )


def stored(posting: Posting, rows: list[tuple[Any, ...]]) -> Posted:
    """A message of this `client_id` is there already: the same one, or a clash."""
    if not rows:
        raise Unavailable(retry_after=1)
    if rows[0][0] != posting.fingerprint:
        raise Conflict("This client_id was used for another message.")
    return Posted(rows[0][1], created=False)


def not_kept(rows: list[tuple[Any, ...]]) -> Exception:
    return Forbidden() if rows and rows[0][0] else NotFound()


def frame_of(posting: Posting, links: Links, seq: int, json: str) -> Frame:
    type = "message.held" if posting.draft.state == "held" else "message.posted"
    return Frame(
        room_id=posting.place.id,
        slug=posting.place.slug,
        type=type,
        text=wire(type, posting.place.slug, seq, f'{{"message":{json}}}'),
        seq=seq,
        author_id=posting.speaker.id,
        state=posting.draft.state,
        visible_to=links.visible_to,
    )


async def apost_message(
    *,
    place: Place,
    speaker: Speaker,
    body: object,
    client_id: str = "",
    reply_to: str | UUID | None = None,
    thread: str | UUID | None = None,
    visible_to: Sequence[str] | None = None,
) -> Posted:
    """Keep what somebody said, from inside a loop: one round trip for a plain message. Raises any RoomsError.

    The caller need not have asked whether they may: unless `speaker.trusted`, the statement re-reads their role.
    """
    posting = prepare(place, speaker, body, client_id, reply_to, thread, visible_to)
    links = Links()
    if posting.wanted.any:
        links = links_of(posting, (await db.fetch(LOOK_UP, posting.look_up_params()))[0])
    try:
        row = await db.fetchrow(KEEP, posting.keep_params(links))
    except psycopg.errors.UniqueViolation:
        return stored(posting, await db.fetch(STORED, posting.key))
    if row is None:
        raise not_kept(await db.fetch(WHY_NOT, posting.key))
    seq, event_id, pending, json = row
    relaying.publish_soon(frame_of(posting, links, seq, json))
    if pending:
        handlers.dispatch(event_id, "message.posted")
    return Posted(json, created=True)


def post_message(
    *,
    room: Room,
    author: User,
    body: object,
    client_id: str = "",
    reply_to: str | UUID | None = None,
    thread: str | UUID | None = None,
    visible_to: Sequence[str] | None = None,
    trusted: bool = False,
) -> Posted:
    """Keep what somebody said, from synchronous code; inside a transaction or not. Raises any RoomsError."""
    place, speaker = (
        Place(room.pk, room.slug),
        Speaker(author.pk, author.kind, trusted or author.is_superuser),
    )
    posting = prepare(place, speaker, body, client_id, reply_to, thread, visible_to)
    links = Links()
    if posting.wanted.any:
        links = links_of(posting, ask(LOOK_UP, posting.look_up_params())[0])
    try:
        with transaction.atomic():
            rows = ask(KEEP, posting.keep_params(links))
            if rows:
                seq, event_id, pending, json = rows[0]
                frame = frame_of(posting, links, seq, json)
                transaction.on_commit(lambda: relay(frame, event_id if pending else None), robust=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        return stored(posting, ask(STORED, posting.key))
    if not rows:
        raise not_kept(ask(WHY_NOT, posting.key))
    return Posted(json, created=True)


def ask(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def relay(frame: Frame, pending_event: int | None) -> None:
    """After the commit: the frame to listeners, waiting a bounded time, then the handlers."""
    relaying.publish_from_thread(frame)
    if pending_event is not None:
        handlers.dispatch(pending_event, frame.type)


__all__ = ["Place", "Posted", "Speaker", "apost_message", "post_message"]
