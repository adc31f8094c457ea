from __future__ import annotations

import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.text import slugify

from ..errors import Conflict, Forbidden, Invalid
from ..events import record
from ..legible import is_one_line, is_seen
from ..models import Membership, Room, User
from .leftovers import forget_attachments
from .messages import lock_room

RESERVED = frozenset({"new", "api", "admin", "accounts", "static", "ws", "search", "join", "chat"})
CHANGEABLE = frozenset({"name", "topic", "visibility"})


def create_room(
    *,
    creator: User,
    name: str,
    slug: str | None = None,
    visibility: str = Room.Visibility.PRIVATE,
    topic: str = "",
    kind: str = Room.Kind.ROOM,
) -> Room:
    """A new room, its creator the owner. Without a slug one is made of the name; a taken one raises Conflict."""
    if creator.kind == User.Kind.GUEST:
        raise Forbidden("Guests cannot make rooms.")
    facts = checked({"name": name, "topic": topic, "visibility": visibility})
    for attempt in [slug] if slug is not None else slugs_for(facts["name"]):
        try:
            with transaction.atomic():
                room = Room.objects.create(slug=checked_slug(attempt), kind=kind, created_by=creator, **facts)
                Membership.objects.create(room=room, user=creator, role=Membership.Role.OWNER)
                record(
                    room,
                    "membership.began",
                    actor=creator,
                    about=creator,
                    data=began(creator, "owner"),
                )
                return room
        except IntegrityError:
            continue
    raise Conflict("There is a room of this address already.")


def change_room(*, room: Room, by: User, **changes: Any) -> Room:
    """Change name, topic or visibility. Making a room private closes it to visitors who have it open; a conversation
    with agents stays private (Invalid)."""
    facts = checked({key: value for key, value in changes.items() if key in CHANGEABLE})
    with transaction.atomic():
        room = lock_room(room)
        if room.kind == Room.Kind.SESSION and facts.get("visibility") == Room.Visibility.PUBLIC:
            raise Invalid(fields={"visibility": ["A conversation with agents is private."]})
        changed = sorted(key for key, value in facts.items() if getattr(room, key) != value)
        if changed:
            for key in changed:
                setattr(room, key, facts[key])
            room.save(update_fields=changed)
            data = {
                "changed": changed,
                "name": room.name,
                "topic": room.topic,
                "visibility": room.visibility,
            }
            record(room, "room.changed", actor=by, data=data | {"by": by.username})
    return room


def delete_room(*, room: Room, by: User) -> None:
    """Nobody can open it any more, and its files are gone; its rows go with the retention rule. Raises NotFound when it
    is gone already."""
    with transaction.atomic():
        room = lock_room(room)
        record(room, "room.deleted", actor=by, data={"by": by.username})
        Room.objects.filter(pk=room.pk).update(deleted_at=Now())
        if room.kind == Room.Kind.ROOM:  # a session can be restored; its files go with its rows
            forget_attachments(room)


def began(user: User, role: str) -> dict[str, str]:
    return {
        "username": user.username,
        "display_name": user.name,
        "kind": user.kind,
        "role": role,
    }


def checked(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a room, or Invalid naming each field that is not right."""
    wrong: dict[str, list[str]] = {}
    facts = {key: value.strip() if isinstance(value, str) else value for key, value in facts.items()}
    for key, value in facts.items():
        try:
            Room._meta.get_field(key).clean(value, None)  # type: ignore[union-attr]
            if not is_one_line(value) or (key == "name" and not is_seen(value)):
                wrong[key] = ["Use characters that can be shown."]
        except ValidationError as error:
            wrong[key] = list(error.messages)
    if wrong:
        raise Invalid(fields=wrong)
    return facts


def checked_slug(slug: str) -> str:
    slug = slug.strip().lower()
    try:
        validate_slug(slug)
    except ValidationError:
        raise Invalid(fields={"slug": ["Use letters, digits, dashes and underscores."]}) from None
    if not slug.isascii() or len(slug) > 64 or slug in RESERVED:
        raise Invalid(fields={"slug": ["Choose another address; at most 64 letters, digits, dashes and underscores."]})
    return slug


def slugs_for(name: str) -> list[str]:
    """The name as an address, then the same with something after it, so that a second "Kitchen" is no error."""
    plain = slugify(name)[:48] or "room"
    first = [] if plain in RESERVED else [plain]
    return [*first, *(f"{plain}-{secrets.token_hex(3)}" for _ in range(3))]
