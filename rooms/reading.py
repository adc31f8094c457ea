"""The one reading layer: pages of history, single messages and the event log, for every door, in and out of a loop.

Each question is a statement with its parameters (`queries.py`); the synchronous reader and its asynchronous twin
differ only in who carries it to the database. Text that an agent is still writing is laid over from `live.streams` by
those who show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from . import db, queries
from .audience import Reader
from .errors import Invalid, NotFound
from .live.frames import Frame, wire
from .models import Room

MAX_PAGE = 200
REPLAY_WINDOW = 1_000
"""A reader further behind than this reloads instead (`resync`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, oldest first; `writing` when one of them is not finished, so that its text must be looked up."""

    results: list[str]
    has_before: bool
    has_after: bool
    writing: bool

    def json(self) -> bytes:
        before, after = (b"true" if flag else b"false" for flag in (self.has_before, self.has_after))
        return b'{"results":[%b],"has_before":%b,"has_after":%b}' % (
            ",".join(self.results).encode(),
            before,
            after,
        )

    def messages(self) -> list[dict[str, Any]]:
        return [orjson.loads(text) for text in self.results]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a reader missed. With `resync` they are too far behind, or ahead of the log, and must load a page anew."""

    frames: list[tuple[Frame, bool]]
    last_seq: int
    resync: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person is to a room at one moment, without exceptions granted by name."""

    room_id: int
    slug: str
    public: bool
    user_kind: str
    is_active: bool
    is_superuser: bool
    role: str | None
    last_seq: int
    watched: bool


Ask = tuple[str, dict[str, Any]]


def ask(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# --- pages of history


def page_questions(
    room_id: int,
    reader: Reader,
    before: int | None,
    after: int | None,
    around: int | None,
    limit: int,
) -> tuple[Ask | None, Ask | None]:
    """The statements for the older and the newer side of a page. One row more than wanted says whether there are
    others.
    """
    if sum(bound is not None for bound in (before, after, around)) > 1:
        raise Invalid(fields={"before": ["Give one of before, after and around."]})
    params = {"room": room_id, **reader.params}
    if after is not None:
        return None, (queries.PAGE_AFTER, {**params, "seq": after, "limit": limit + 1})
    if around is not None:
        half = limit // 2
        older = (
            queries.PAGE_UP_TO,
            {**params, "seq": around, "limit": limit - half + 1},
        )
        return older, (queries.PAGE_AFTER, {**params, "seq": around, "limit": half + 1})
    bound = before if before is not None else 2**62
    return (queries.PAGE_BEFORE, {**params, "seq": bound, "limit": limit + 1}), None


def page_of(
    older: list[tuple[Any, ...]] | None,
    newer: list[tuple[Any, ...]] | None,
    limit: int,
    *,
    inside: bool,
) -> Page:
    """Put the two sides together. A side that was not asked for is there whenever the page has a bound on it."""
    room_for_older = limit - limit // 2 if newer is not None else limit
    room_for_newer = limit // 2 if older is not None else limit
    rows = [*reversed((older or [])[:room_for_older]), *(newer or [])[:room_for_newer]]
    return Page(
        results=[row[1] for row in rows],
        has_before=len(older) > room_for_older if older is not None else inside,
        has_after=len(newer) > room_for_newer if newer is not None else inside,
        writing=any(row[2] == "writing" for row in rows),
    )


def read_page(
    room: Room,
    reader: Reader,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> Page:
    """A page of history: the latest without a bound, else before, after or around a number. One query, two for
    around.
    """
    limit = page_size(limit)
    older, newer = page_questions(room.pk, reader, before, after, around, limit)
    inside = before is not None or (after is not None and after > 0)
    return page_of(older and ask(*older), newer and ask(*newer), limit, inside=inside)


async def aread_page(
    room_id: int,
    reader: Reader,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> Page:
    limit = page_size(limit)
    older, newer = page_questions(room_id, reader, before, after, around, limit)
    inside = before is not None or (after is not None and after > 0)
    older_rows = await db.fetch(*older, again=True) if older else None
    newer_rows = await db.fetch(*newer, again=True) if newer else None
    return page_of(older_rows, newer_rows, limit, inside=inside)


def page_size(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(fields={"limit": [f"A page holds 1 to {MAX_PAGE} messages."]})
    return limit


# --- one message


def read_message_json(reader: Reader, message_id: UUID) -> str:
    """The JSON of one message as this reader may see it. Raises NotFound."""
    rows = ask(queries.ONE_MESSAGE, {"id": message_id, **reader.params})
    return the_message(rows)


def read_message(reader: Reader, message_id: UUID) -> dict[str, Any]:
    message: dict[str, Any] = orjson.loads(read_message_json(reader, message_id))
    return message


def the_message(rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        raise NotFound
    text: str = rows[0][0]
    return text


# --- the event log

NOBODY = Reader(user_id=0, role="moderator")
"""Whom the log is read for when a process reads it for all its readers: who may see a frame is then asked of the
frame.
"""


def events_question(room_id: int, reader: Reader, after: int, limit: int) -> Ask:
    return queries.EVENTS_AFTER, {
        "room": room_id,
        "after": after,
        "limit": limit,
        **reader.params,
    }


def frame_of(room_id: int, row: tuple[Any, ...]) -> tuple[Frame, bool]:
    """A frame of a log row, and whether the reader it was read for may see it."""
    seq, kind, slug, data, author, state, named, moderators_only, about, is_readable = row
    frame = Frame(
        room_id=room_id,
        slug=slug,
        type=kind,
        text=wire(kind, slug, seq, data),
        seq=seq,
        author_id=author,
        state=state,
        visible_to=None if named is None else tuple(named),
        moderators_only=moderators_only,
        about=about,
    )
    return frame, bool(is_readable)


def replay_of(room_id: int, after: int, last_seq: int, rows: list[tuple[Any, ...]]) -> Replay:
    """A hole at the start means the log no longer reaches back that far."""
    if after > last_seq or (rows and rows[0][0] != after + 1):
        return Replay([], last_seq, resync=True)
    return Replay([frame_of(room_id, row) for row in rows], last_seq)


def read_events(room: Room, reader: Reader, after: int, limit: int = 200) -> Replay:
    """Frames after a number, in order, with whether this reader may see each. Two queries."""
    last_seq = ask(queries.LAST_SEQ, {"room": room.pk})[0][0]
    if last_seq - after > REPLAY_WINDOW:
        return Replay([], last_seq, resync=True)
    return replay_of(room.pk, after, last_seq, ask(*events_question(room.pk, reader, after, limit)))


async def aread_events(room_id: int, reader: Reader, after: int, limit: int = 200) -> Replay:
    last_seq = await db.fetchval(queries.LAST_SEQ, {"room": room_id}, again=True)
    if last_seq is None:
        raise NotFound
    if last_seq - after > REPLAY_WINDOW:
        return Replay([], last_seq, resync=True)
    rows = await db.fetch(*events_question(room_id, reader, after, limit), again=True)
    return replay_of(room_id, after, last_seq, rows)


async def aread_standing(user_id: int, slug: str) -> Standing | None:
    """What somebody is to a room by their role, in one query. None when there is no such room."""
    row = await db.fetchrow(queries.STANDING, {"user": user_id, "slug": slug}, again=True)
    return None if row is None else standing_of(row)


def standing_of(row: Sequence[Any]) -> Standing:
    (
        room_id,
        slug,
        visibility,
        kind,
        user_kind,
        active,
        superuser,
        role,
        last_seq,
        watched,
    ) = row
    public = visibility == Room.Visibility.PUBLIC and kind == Room.Kind.ROOM
    return Standing(room_id, slug, public, user_kind, active, superuser, role, last_seq, watched)


def unread_counts(user_id: int) -> dict[int, int]:
    """Unread messages of other people per room of mine, counted up to 100. One query for all rooms."""
    return dict(ask(queries.UNREAD, {"reader": user_id}))
