"""The event log of a room: what happened, numbered. Replay source, outbox and history in one table.

1. `record()` refuses to run outside a transaction and is its last act: it locks the room's row until the commit.
2. `seq` comes from `Room.last_seq` under that lock, so number order is commit order and there are no holes.
3. `data` holds ids and small facts, never a message's text: frames are hydrated from the message as it is now.
4. Every event has an audience; a reader outside it moves past the number without content.
5. What could not be relayed is found again: hubs watch `last_seq`, the relay process looks for `relayed_seq` behind it
   and for events still `pending`. PostgreSQL is the truth, Redis only carries.
6. A reader beyond the kept window is told `resync`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

import orjson
from django.db import connection, transaction

from . import handlers, prepared, relaying
from .live.frames import Frame, wire
from .live.press import publish
from .models import Event, Message, Room, User

APPEND = """
    WITH r AS (
        UPDATE rooms_room SET last_seq = last_seq + 1 WHERE id = %(room)s RETURNING last_seq, watched
    )
    INSERT INTO rooms_event AS e (room_id, seq, type, actor_id, message_id, about_id, data, visible_to,
                                  moderators_only, pending, created_at)
    SELECT %(room)s, r.last_seq, %(type)s, %(actor)s::bigint, %(message)s::uuid, %(about)s::bigint, %(data)s::jsonb,
           %(visible_to)s::bigint[], %(moderators_only)s, r.watched AND %(handled)s, statement_timestamp() FROM r
    RETURNING e.id, e.seq, e.pending, e.created_at, (SELECT watched FROM r)
"""


class NoTransaction(RuntimeError):
    """An event was to be recorded outside the transaction of the change it tells of."""


def record(
    room: Room,
    type: str,
    *,
    actor: User | None,
    message: Message | None = None,
    about: User | None = None,
    data: dict[str, Any] | None = None,
    visible_to: Collection[int] | None = None,
    moderators_only: bool = False,
    is_news: bool = True,
) -> Event:
    """Append to the room's log. Call it last in a transaction: it locks the room until the commit.

    `about` is the user whose standing in the room changes: their open feeds ask anew what they may see. What is no news
    no handler is told of, whatever its type.
    """
    if not connection.in_atomic_block:
        raise NoTransaction(type)
    event = Event(
        room=room,
        type=type,
        actor=actor,
        message=message,
        about=about,
        data=data or {},
        visible_to=None if visible_to is None else sorted(visible_to),
        moderators_only=moderators_only,
    )
    append(event, handled=is_news and handlers.has_handlers(type))
    transaction.on_commit(partial(relay, event), robust=True)
    return event


def append(event: Event, *, handled: bool) -> None:
    """Give the event the room's next number and keep it; the room's row stays locked until the commit.

    Refreshes `last_seq` and `watched` on the room's object. One statement: it is on the way of all that happens.
    """
    params: dict[str, Any] = {
        "room": event.room_id,
        "type": event.type,
        "actor": event.actor_id,
        "message": event.message_id,
        "about": event.about_id,
        "data": orjson.dumps(event.data).decode(),
        "visible_to": event.visible_to,
        "moderators_only": event.moderators_only,
        "handled": handled,
    }
    row = prepared.fetch(APPEND, params)[0]
    event.pk, event.seq, event.pending, event.created_at, event.room.watched = row
    event.room.last_seq = event.seq
    event._state.adding = False


EVERYWHERE = """
    WITH places AS (
        SELECT id FROM rooms_room WHERE id = ANY(%(rooms)s::bigint[]) AND deleted_at IS NULL
         ORDER BY id FOR NO KEY UPDATE
    ), r AS (
        UPDATE rooms_room SET last_seq = last_seq + 1 FROM places WHERE rooms_room.id = places.id
        RETURNING rooms_room.id, last_seq, slug
    ), kept AS (
        INSERT INTO rooms_event (room_id, seq, type, data, moderators_only, pending, created_at)
        SELECT r.id, r.last_seq, %(type)s, %(data)s::jsonb, false, false, statement_timestamp() FROM r
    )
    SELECT id, last_seq, slug FROM r
"""


def record_everywhere(rooms: Collection[int], type: str, *, data: dict[str, Any]) -> None:
    """The same small fact for all who listen in these rooms, in one statement that locks them until the commit. No
    handler hears of it."""
    if not connection.in_atomic_block:
        raise NoTransaction(type)
    said = orjson.dumps(data).decode()
    rows = prepared.fetch(EVERYWHERE, {"rooms": sorted(rooms), "type": type, "data": said})
    frames = [
        Frame(room_id=id, slug=slug, type=type, text=wire(type, slug, seq, said), seq=seq) for id, seq, slug in rows
    ]
    transaction.on_commit(partial(publish, frames), robust=True)


def relay(event: Event) -> None:
    """Tell listeners and handlers of a committed event. Waits 250 ms at most and never raises: the log repairs."""
    if event.message_id is None:
        relaying.publish_from_thread(frame_of(event))
    else:
        relaying.announce(event.room_id, event.seq)
    if event.pending:
        handlers.dispatch(event.pk, event.type)


def frame_of(event: Event) -> Frame:
    """The frame of an event that tells of no message: nothing of it has to be looked up."""
    slug = event.room.slug
    return Frame(
        room_id=event.room_id,
        slug=slug,
        type=event.type,
        text=wire(event.type, slug, event.seq, orjson.dumps(event.data).decode()),
        seq=event.seq,
        visible_to=None if event.visible_to is None else tuple(event.visible_to),
        moderators_only=event.moderators_only,
        about=event.about_id,
    )
