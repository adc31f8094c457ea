"""Fetch and permission in one act. What one may not see and what does not exist get the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from . import roles
from .audience import Reader
from .backends import permissions_for, role_in
from .errors import Forbidden, NotAuthenticated, NotFound
from .models import Attachment, Message, Room, User
from .reading import Standing

READ = "rooms.read_room"

ADDING = frozenset(
    {
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
        "rooms.backends.RoleBackend",
        "guardian.backends.ObjectPermissionBackend",
    }
)
"""Backends that only ever add permissions."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do in a room, as of one moment. `plain`: it all comes from their role alone, so that a
    statement which re-reads the role re-reads everything."""

    role: str | None
    perms: frozenset[str]
    plain: bool

    def allow(self, perm: str) -> bool:
        return perm.removeprefix("rooms.") in self.perms


def room_for(user: User | AnonymousUser, slug: str, perm: str = READ) -> Room:
    """The room, if they may do this there. Raises NotFound when they may not even see it, else Forbidden."""
    if not isinstance(user, User):
        raise NotAuthenticated
    room = Room.objects.live().filter(slug=slug).first()
    if room is None:
        raise NotFound
    require(user, room, perm)
    return room


def require(user: User, room: Room, perm: str) -> None:
    """Pass, or raise Forbidden for what they may see but not do, NotFound for what they may not see."""
    if user.has_perm(perm, room):
        return
    if perm != READ and user.has_perm(READ, room):
        raise Forbidden
    raise NotFound


def message_for(user: User | AnonymousUser, message_id: UUID | str, perm: str = READ) -> Message:
    """A message they may read, in a room where they may do this. Raises like `room_for`."""
    if not isinstance(user, User):
        raise NotAuthenticated
    message = (
        Message.objects.select_related("room", "author").filter(pk=as_uuid(message_id), room__deleted_at=None).first()
    )
    if message is None or not user.has_perm(READ, message.room):
        raise NotFound
    reader = reader_in(user, message.room)
    if not Message.objects.filter(pk=message.pk).readable_by(reader).exists():
        raise NotFound
    require(user, message.room, perm)
    return message


def attachment_for(user: User | AnonymousUser, attachment_id: UUID | str) -> Attachment:
    """A file of a message they may read; before it is in one, of their own, while they may read the room. Raises
    NotFound."""
    if not isinstance(user, User):
        raise NotAuthenticated
    related = Attachment.objects.select_related("room", "uploader", "message")
    found = related.filter(pk=as_uuid(attachment_id), room__deleted_at=None).first()
    if found is None:
        raise NotFound
    if found.message_id is not None:
        message_for(user, found.message_id)
    elif found.uploader_id != user.pk or not user.has_perm(READ, found.room):
        raise NotFound
    return found


def reader_in(user: User, room: Room) -> Reader:
    """The person as a reader of this room. One query. Superusers read as moderators do: see SECURITY.md."""
    role = role_in(user, room)
    if role is None and user.is_superuser:
        role = roles.Role.MODERATOR
    return Reader(user.pk, role)


def rights_in(user: User, room: Room) -> Rights:
    """All they may do there, exceptions included. Three queries; with a backend that may veto, one a permission."""
    role = role_in(user, room)
    by_role = permissions_for(user.kind, role, public=room.is_public and room.kind == Room.Kind.ROOM)
    if nothing_vetoes():
        granted = frozenset(name.removeprefix("rooms.") for name in user.get_all_permissions(room)) & set(
            roles.SENTENCES
        )
    else:
        granted = frozenset(name for name in roles.SENTENCES if user.has_perm(f"rooms.{name}", room))
    return Rights(role, granted, plain=granted == by_role)


def nothing_vetoes() -> bool:
    """Whether every authentication backend only ever says yes; any other has to be asked each single question."""
    return ADDING.issuperset(settings.AUTHENTICATION_BACKENDS)


def decided_by_role(standing: Standing, perm: str) -> bool:
    """Whether the role alone allows this, so that a statement which re-reads the role re-reads everything."""
    if standing.is_superuser or not nothing_vetoes():
        return False
    held = permissions_for(standing.user_kind, standing.role, public=standing.public)
    return "read_room" in held and perm.removeprefix("rooms.") in held


def role_allows(user: User, room: Room, role: str | None, perm: str) -> bool:
    """Whether their role, known already, gives this permission and nothing could take it away. False says nothing: then
    they have to be asked for by `has_perm`."""
    if not nothing_vetoes() or not user.is_active or room.deleted_at is not None:
        return False
    held = permissions_for(user.kind, role, public=room.is_public and room.kind == Room.Kind.ROOM)
    return perm.removeprefix("rooms.") in held


def as_uuid(value: UUID | str) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise NotFound from None
