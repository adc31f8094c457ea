from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ..models import Membership, Room, User
from ..reading import unread_counts
from .panels import pages_for

THEMES = ("light", "dark")


def house(request: HttpRequest) -> dict[str, Any]:
    """What the frame around every page needs. The rooms cost two queries, and only where they are shown."""
    theme = request.COOKIES.get("theme", "")
    places = cache(lambda: rooms_of(request.user) if isinstance(request.user, User) else [])
    return {
        "theme": theme if theme in THEMES else "",
        "my_rooms": SimpleLazyObject(lambda: [one for one in places() if one["kind"] == Room.Kind.ROOM]),
        "my_sessions": SimpleLazyObject(lambda: [one for one in places() if one["kind"] == Room.Kind.SESSION]),
        "house_pages": SimpleLazyObject(lambda: pages_for(request.user) if isinstance(request.user, User) else []),
    }


def rooms_of(user: User) -> list[dict[str, Any]]:
    """The rooms a person is a member of, by name, with what they have not read."""
    own = Membership.objects.filter(user=user, room__deleted_at=None, room__listed=True).select_related("room")
    unread = unread_counts(user.pk)
    return [
        {
            "slug": membership.room.slug,
            "name": membership.room.name,
            "topic": membership.room.topic,
            "visibility": membership.room.visibility,
            "kind": membership.room.kind,
            "role": membership.role,
            "unread": unread.get(membership.room_id, 0),
        }
        for membership in own.order_by("room__name")
    ]
