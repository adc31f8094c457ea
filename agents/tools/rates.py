"""How often a person may have a tool used for them: exact, also when many ask at once, by the counter of guesses."""

from __future__ import annotations

from django.db import connection

from rooms.guessing import COUNT, key_of

from .registry import Tool

WINDOW = "1 minute"


def take_one(tool: Tool, user_id: int) -> bool:
    """Count one use by this person, in all rooms and by all agents together. False when it is one too many."""
    key = key_of("tool", f"{tool.name}:{user_id}")
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "limit": tool.per_minute, "window": WINDOW})
        return cursor.fetchone() is not None
