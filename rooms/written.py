"""Events that a statement of somebody's own writes into the log, together with what they tell of.

`events.record` costs a statement for each event, two more to read what is told of it, and a wait for Redis. What every
answer of an agent begins and ends with is one statement instead: a fragment of this module is its end, and what it
returns is told from here, as `record` would have told it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
from django.db import transaction

from . import handlers
from .live.press import publish
from .queries import MESSAGE_JSON
from .reading import frame_of

Row = tuple[Any, ...]

# Wants `m`, the message as it is now, `r (id, slug, before, watched)`, its room with the number before the first of
# these events, and the parameters of `params_of`. The first event is of the message.
EVENTS = f"""e AS (
        INSERT INTO rooms_event (room_id, seq, type, actor_id, message_id, data, visible_to, moderators_only, pending,
                                 created_at)
        SELECT r.id, r.before + x.nth, x.type, m.author_id, CASE WHEN x.nth = 1 THEN m.id END, x.data, m.visible_to,
               false, r.watched AND x.handled, statement_timestamp()
          FROM r, m, unnest(%(types)s::text[], %(data)s::jsonb[], %(handled)s::bool[])
               WITH ORDINALITY AS x(type, data, handled, nth)
        RETURNING id, seq, type, data, message_id, pending
    )
    SELECT e.seq, e.type, r.slug,
           CASE WHEN e.message_id IS NULL THEN e.data
                ELSE e.data || jsonb_build_object('message', {MESSAGE_JSON}) END::json::text,
           CASE WHEN e.message_id IS NOT NULL THEN m.author_id END,
           CASE WHEN e.message_id IS NOT NULL THEN m.state END,
           m.visible_to, false, NULL::bigint, true, e.id, e.pending, r.id, m.seq, m.created_at
      FROM e, r, m, rooms_user a WHERE a.id = m.author_id ORDER BY e.seq
"""  # noqa: S608  # only fragments of our own are formatted in


def params_of(*events: tuple[str, dict[str, Any], bool]) -> dict[str, Any]:
    """Of the events in order: type, data, and whether they are news, which their handlers are told of."""
    return {
        "types": [type for type, _, _ in events],
        "data": [orjson.dumps(data).decode() for _, data, _ in events],
        "handled": [is_news and handlers.has_handlers(type) for type, _, is_news in events],
    }


def tell(rows: Sequence[Row]) -> None:
    """Listeners and handlers hear of it after the commit. Waits for nobody: what is lost is read from the log."""
    transaction.on_commit(partial(tell_now, rows), robust=True)


def tell_now(rows: Sequence[Row]) -> None:
    publish([frame_of(row[12], row[:10])[0] for row in rows])
    for row in rows:
        if row[11]:
            handlers.dispatch(row[10], row[1])
