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

from django.db import connection, transaction
from django.db.models import F

from . import handlers, relaying
from .models import Event, Message, Room, User


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
) -> Event:
    """Append to the room's log. Call it last in a transaction: it locks the room until the commit.

    `about` is the user whose standing in the room changes: their open feeds ask anew what they may see.
    """
    if not connection.in_atomic_block:
        raise NoTransaction(type)
    event = Event.objects.create(
        room=room,
        seq=next_seq(room),
        type=type,
        actor=actor,
        message=message,
        about=about,
        data=data or {},
        visible_to=None if visible_to is None else sorted(visible_to),
        moderators_only=moderators_only,
        pending=room.watched and handlers.has_handlers(type),
    )
    transaction.on_commit(partial(relay, event), robust=True)
    return event


def next_seq(room: Room) -> int:
    """The room's next number; its row stays locked until the commit. Refreshes `last_seq` and `watched` on the
    object.
    """
    Room.objects.filter(pk=room.pk).update(last_seq=F("last_seq") + 1)
    room.refresh_from_db(fields=["last_seq", "watched"])
    return room.last_seq


def relay(event: Event) -> None:
    """Tell listeners and handlers of a committed event. Waits 250 ms at most and never raises: the log repairs."""
    relaying.announce(event.room_id, event.seq)
    if event.pending:
        handlers.dispatch(event.pk, event.type)
