"""Rooms, people and credentials as JSON. Messages are not here: PostgreSQL makes theirs (`rooms.queries`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ..models import ApiToken, Attachment, Invitation, Membership, MessageRevision, Room, User
from ..reading import unread_counts
from ..usage import usage_of

Facts = dict[str, Any]


def time(moment: datetime | None) -> str | None:
    """As the messages have it: ISO 8601, UTC, microseconds, Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def person(user: User) -> Facts:
    return {
        "username": user.username,
        "display_name": user.name,
        "kind": user.kind,
        "avatar": user.avatar,
        "hue": user.hue,
    }


def me(user: User) -> Facts:
    return {**person(user), "about": user.about, "email": user.email, "usage": usage_of(user)}


def rooms(user: User, found: Iterable[Room]) -> list[Facts]:
    """Rooms as this person stands to them. Two queries, however many there are."""
    found = list(found)
    mine = {own.room_id: own for own in Membership.objects.filter(user=user, room__in=found)}
    unread = unread_counts(user.pk) if mine else {}
    return [room_facts(room, mine.get(room.pk), unread.get(room.pk, 0)) for room in found]


def room(user: User, one: Room) -> Facts:
    return rooms(user, [one])[0]


def room_facts(room: Room, own: Membership | None, unread: int) -> Facts:
    return {
        "slug": room.slug,
        "name": room.name,
        "topic": room.topic,
        "visibility": room.visibility,
        "kind": room.kind,
        "role": own and own.role,
        "last_seq": room.last_seq,
        "read_seq": own.read_seq if own else 0,
        "unread": unread,
        "created_at": time(room.created_at),
    }


def member(membership: Membership) -> Facts:
    return {**person(membership.user), "role": membership.role, "joined_at": time(membership.joined_at)}


def revision(was: MessageRevision) -> Facts:
    return {"body": was.body, "edited_by": person(was.edited_by), "created_at": time(was.created_at)}


def attachment(one: Attachment) -> Facts:
    """As it stands in a message, where PostgreSQL makes the same (`rooms.queries`)."""
    address = f"/api/v1/attachments/{one.pk}/"
    return {
        "id": str(one.pk),
        "name": one.name,
        "kind": one.kind,
        "type": one.content_type,
        "size": one.size,
        "width": one.width,
        "height": one.height,
        "alt": one.alt,
        "url": f"{address}content/",
        "thumbnail": f"{address}thumbnail/" if one.is_image else None,
    }


def invitation(one: Invitation) -> Facts:
    return {
        "id": one.prefix,
        "role": one.role,
        "created_by": one.created_by.username,
        "created_at": time(one.created_at),
        "expires_at": time(one.expires_at),
        "max_uses": one.max_uses,
        "uses": one.uses,
    }


def token(one: ApiToken) -> Facts:
    return {
        "id": one.prefix,
        "name": one.name,
        "scopes": one.scopes,
        "bound": one.bound,
        "rooms": sorted(room.slug for room in one.rooms.all()),
        "created_at": time(one.created_at),
        "expires_at": time(one.expires_at),
        "last_used_at": time(one.last_used_at),
    }
