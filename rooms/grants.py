"""What a credential lets through. A session lets everything through that its user may do; a token less.

A token narrows its user's rights twice: by *scope* (kinds of action) and by *room* (where it is of any use at all).
Scopes do not include one another: a token that only writes cannot read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from . import db
from .models import User
from .reading import Standing, standing_of
from .services.secrets import digest

SCOPE_OF: dict[str, str] = {
    "read_room": "read",
    "see_members": "read",
    "join_room": "write",
    "post_message": "write",
    "add_reaction": "write",
    "report_message": "write",
    "ask_agent": "write",
    "invite_member": "moderate",
    "moderate_message": "moderate",
    "add_member": "moderate",
    "remove_member": "moderate",
    "cancel_run": "moderate",
    "change_room": "admin",
    "change_role": "admin",
    "manage_seats": "admin",
    "delete_room": "admin",
}
"""The scope a token needs for each permission of `rooms.roles`."""

ALL_SCOPES = frozenset({"read", "write", "moderate", "admin"})


@dataclass(frozen=True, slots=True)
class Grant:
    """`token` is None for a session; `rooms` is None for «every room of the user»."""

    scopes: frozenset[str] = ALL_SCOPES
    rooms: frozenset[int] | None = None
    token: int | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    def covers(self, room_id: int) -> bool:
        """Whether this credential knows the room at all. If not, the room does not exist for it."""
        return self.rooms is None or room_id in self.rooms

    def allows(self, permission: str) -> bool:
        """Whether the scopes include this permission, with or without its `rooms.` in front."""
        return SCOPE_OF[permission.removeprefix("rooms.")] in self.scopes


SESSION = Grant()

_USER_FIELDS = [field.attname for field in User._meta.concrete_fields if field.attname != "password"]
_USER_COLUMNS = ", ".join(f"u.{name}" for name in _USER_FIELDS)

_CREDENTIAL = """t.id, t.scopes, t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute',
    CASE WHEN t.bound THEN ARRAY(SELECT b.room_id FROM rooms_apitoken_rooms b WHERE b.apitoken_id = t.id) END"""
_COUNTS = """t.digest = %(digest)s AND t.revoked_at IS NULL AND u.is_active
    AND (t.expires_at IS NULL OR t.expires_at > now())"""

BEARER = f"""
    SELECT {_CREDENTIAL}, {_USER_COLUMNS}
    FROM rooms_apitoken t JOIN rooms_user u ON u.id = t.user_id WHERE {_COUNTS}
"""  # noqa: S608

BEARER_IN_ROOM = f"""
    SELECT r.id, r.slug, r.visibility, r.kind, u.kind, u.is_active, u.is_superuser, s.role, r.last_seq, r.watched,
           {_CREDENTIAL}, {_USER_COLUMNS}
    FROM rooms_apitoken t JOIN rooms_user u ON u.id = t.user_id
    LEFT JOIN rooms_room r ON r.slug = %(slug)s AND r.deleted_at IS NULL
    LEFT JOIN rooms_membership s ON s.room_id = r.id AND s.user_id = u.id
    WHERE {_COUNTS}
"""  # noqa: S608

TOUCH = """
    UPDATE rooms_apitoken SET last_used_at = now()
     WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""


def bearer(secret: str) -> tuple[User, Grant] | None:
    """Whose token this is and what it lets through; None when it is unknown, revoked, expired or its user inactive."""
    with connection.cursor() as cursor:
        cursor.execute(BEARER, {"digest": digest(secret)})
        row = cursor.fetchone()
        if row is None:
            return None
        if row[2]:
            cursor.execute(TOUCH, [row[0]])
    return _read(row)


async def abearer(secret: str) -> tuple[User, Grant] | None:
    """`bearer` for asyncio: one round trip on the async pool, a second one at most once a minute."""
    row = await db.fetchrow(BEARER, {"digest": digest(secret)}, again=True)
    return None if row is None else await _touched(row)


async def abearer_in(secret: str, slug: str) -> tuple[User, Grant, Standing | None] | None:
    """The same, and in the same round trip what its user is to a room; no standing where there is no such room."""
    row = await db.fetchrow(BEARER_IN_ROOM, {"digest": digest(secret), "slug": slug}, again=True)
    if row is None:
        return None
    user, grant = await _touched(row[10:])
    return user, grant, standing_of(row[:10]) if row[0] is not None else None


async def _touched(row: Sequence[Any]) -> tuple[User, Grant]:
    if row[2]:
        await db.execute(TOUCH, [row[0]])
    return _read(row)


def _read(row: Sequence[Any]) -> tuple[User, Grant]:
    token, scopes, _stale, rooms, *columns = row
    user = User.from_db("default", _USER_FIELDS, columns)
    return user, Grant(frozenset(scopes), None if rooms is None else frozenset(rooms), token)
