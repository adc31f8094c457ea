"""Posting a message: the hottest path of the house, written once for synchronous and asynchronous callers.

    prepare   clean the text, pass the gates, draw the HTML       no I/O
    look up   names mentioned, the message replied to, audience   one query, only when there are any
    keep      rights re-read, number, message, event              one statement, one round trip, one transaction;
                                                                  under load shared with others (`keeping.py`)
    settle    the stored row, or why there is none                a second query only for resends and refusals
    relay     the ready frame to listeners, the id to handlers

The statement locks the room, reads the sender's role again under a share lock and takes the room's number, so a removal
and a message are ordered by their locks, and number order is commit order. JSON of the message comes back from the same
statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import IntegrityError, connection, transaction

from .. import db, handlers, relaying
from ..allowances import UNCOUNTED, used_up
from ..errors import Conflict, Forbidden, NotFound, Unavailable
from ..live.frames import Frame, wire
from ..live.press import press
from ..models import Room, User
from ..models.allowance import What
from .drafting import Links, Place, Posting, Speaker, links_of, not_attachable, prepare
from .keeping import keep
from .posting_sql import KEEP, KEEP_WITH_FILES, LOOK_UP, STORED, UNUSED, WHY_NOT


@dataclass(frozen=True, slots=True)
class Posted:
    """A kept message as JSON text. `created` is False for the resend of one that was there."""

    json: str
    created: bool

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.json)
        return found


def stored(posting: Posting, rows: list[tuple[Any, ...]]) -> Posted:
    """A message of this `client_id` is there already: the same one, or a clash."""
    if not rows:
        raise Unavailable(retry_after=1)
    if rows[0][0] != posting.fingerprint:
        raise Conflict("This client_id was used for another message.")
    return Posted(rows[0][1], created=False)


def not_kept(rows: list[tuple[Any, ...]]) -> Exception:
    visible, used, wait = rows[0] if rows else (False, None, None)
    if used:
        return used_up(What.SEND, used, wait)
    return Forbidden() if visible else NotFound()


def check_files(posting: Posting, rows: list[tuple[Any, ...]]) -> None:
    if rows[0][0] < len(posting.wanted.attachments):
        raise not_attachable()


def frame_of(posting: Posting, links: Links, seq: int, json: str) -> Frame:
    return Frame(
        room_id=posting.place.id,
        slug=posting.place.slug,
        type=posting.event_type,
        text=wire(posting.event_type, posting.place.slug, seq, f'{{"message":{json}}}'),
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
    attachments: Sequence[str | UUID] | None = None,
) -> Posted:
    """Keep what somebody said, from inside a loop: one round trip for a plain message. Raises any RoomsError.

    The caller need not have asked whether they may: unless `speaker.trusted`, the statement re-reads their role.
    """
    posting = prepare(place, speaker, body, client_id, reply_to, thread, visible_to, attachments)
    links = Links()
    if posting.wanted.any:
        links = links_of(posting, (await db.fetch(LOOK_UP, posting.look_up_params()))[0])
    try:
        row = await keep(posting.keep_params(links))
    except psycopg.errors.UniqueViolation:
        return stored(posting, await db.fetch(STORED, posting.key))
    if row is None and client_id and (before := await db.fetch(STORED, posting.key)):
        return stored(posting, before)
    if row is None and posting.wanted.attachments:
        check_files(posting, await db.fetch(UNUSED, posting.key))
    if row is None:
        raise not_kept(await db.fetch(WHY_NOT, posting.key))
    seq, event_id, pending, json = row
    press().publish(frame_of(posting, links, seq, json))
    if pending:
        handlers.dispatch(event_id, posting.event_type)
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
    attachments: Sequence[str | UUID] | None = None,
    carried: Sequence[UUID] = (),
    trusted: bool = False,
    counted: bool = True,
) -> Posted:
    """Keep what somebody said, from synchronous code; inside a transaction or not. Raises any RoomsError.

    Unless `counted`, it does not go by what its author may send: for what is told of the past.
    `carried` are files of the author's that go along without having been named by them.
    """
    place, speaker = (
        Place(room.pk, room.slug),
        Speaker(author.pk, author.kind, trusted or author.is_superuser),
    )
    posting = prepare(place, speaker, body, client_id, reply_to, thread, visible_to, attachments, carried)
    statement = KEEP_WITH_FILES if posting.wanted.attachments else KEEP
    links = Links()
    if posting.wanted.any:
        links = links_of(posting, ask(LOOK_UP, posting.look_up_params())[0])
    try:
        with transaction.atomic():
            rows = ask(statement, posting.keep_params(links) | ({} if counted else UNCOUNTED))
            if rows:
                seq, event_id, pending, json = rows[0]
                frame = frame_of(posting, links, seq, json)
                transaction.on_commit(lambda: relay(frame, event_id if pending else None), robust=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        return stored(posting, ask(STORED, posting.key))
    if not rows and client_id and (before := ask(STORED, posting.key)):
        return stored(posting, before)
    if not rows and posting.wanted.attachments:
        check_files(posting, ask(UNUSED, posting.key))
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
