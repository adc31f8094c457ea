"""What was just written, set back in time: every row takes the time of the event that tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from rooms.models import Room

STATEMENTS = (
    """
    UPDATE rooms_event e SET created_at = x.at
      FROM unnest(%(seqs)s::bigint[], %(times)s::timestamptz[]) AS x(seq, at)
     WHERE e.room_id = %(room)s AND e.seq = x.seq
    """,
    """
    UPDATE rooms_room r SET created_at = e.created_at
      FROM rooms_event e WHERE r.id = %(room)s AND e.room_id = r.id AND e.seq = 1
    """,
    """
    UPDATE rooms_membership s SET joined_at = e.created_at
      FROM rooms_event e WHERE s.room_id = %(room)s AND e.room_id = s.room_id
       AND e.type = 'membership.began' AND e.about_id = s.user_id
    """,
    """
    UPDATE rooms_message m SET created_at = e.created_at
      FROM rooms_event e WHERE m.room_id = %(room)s AND e.room_id = m.room_id AND e.seq = m.seq
    """,
    """
    UPDATE rooms_message m SET edited_at = e.created_at
      FROM rooms_event e WHERE m.room_id = %(room)s AND e.type = 'message.edited' AND e.message_id = m.id
    """,
    """
    UPDATE rooms_messagerevision v SET created_at = e.created_at
      FROM rooms_event e WHERE e.room_id = %(room)s AND e.type = 'message.edited' AND e.message_id = v.message_id
    """,
    """
    UPDATE rooms_reaction v SET created_at = e.created_at
      FROM rooms_event e WHERE e.room_id = %(room)s AND e.type = 'reaction.added' AND e.message_id = v.message_id
       AND e.actor_id = v.user_id AND e.data->>'emoji' = v.emoji
    """,
    """
    UPDATE agents_seat s SET created_at = r.created_at FROM rooms_room r WHERE r.id = %(room)s AND s.room_id = r.id
    """,
    """
    UPDATE agents_task t SET created_at = b.created_at, started_at = b.created_at, ended_at = e.created_at
      FROM rooms_event b, rooms_event e
     WHERE b.room_id = %(room)s AND b.type = 'run.started' AND t.id = (b.data->>'run')::uuid
       AND e.room_id = b.room_id AND e.type = 'run.ended' AND e.data->>'run' = b.data->>'run'
    """,
    """
    UPDATE agents_step s
       SET created_at = t.created_at, queued_at = t.created_at, started_at = t.started_at, ended_at = t.ended_at
      FROM agents_task t WHERE t.room_id = %(room)s AND s.task_id = t.id
    """,
)


def set_back(room: Room, times: Sequence[datetime]) -> None:
    """`times[0]` is when the room's first event happened, and so on; there has to be one for each."""
    numbers = list(range(1, len(times) + 1))
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, {"room": room.pk, "seqs": numbers, "times": list(times)})
