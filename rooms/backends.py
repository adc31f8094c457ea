from __future__ import annotations

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from . import roles
from .models import Membership, Room, User


class RoleBackend(BaseBackend):
    """Answers `user.has_perm("rooms.…", room)` out of the person's role in that room. One query a question."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        if not isinstance(obj, Room) or not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        app, _, name = perm.partition(".")
        return app == "rooms" and obj.deleted_at is None and name in permissions_of(user_obj, obj)

    def get_all_permissions(self, user_obj: User | AnonymousUser, obj: Model | None = None) -> set[str]:
        if not isinstance(obj, Room) or not isinstance(user_obj, User) or not user_obj.is_active:
            return set()
        return {f"rooms.{name}" for name in permissions_of(user_obj, obj)}


def role_in(user: User, room: Room) -> str | None:
    """The person's role, or None when they are not a member. One query."""
    return Membership.objects.filter(user=user, room=room).values_list("role", flat=True).first()


def permissions_of(user: User, room: Room) -> frozenset[str]:
    return permissions_for(
        user.kind,
        role_in(user, room),
        public=room.is_public and room.kind == Room.Kind.ROOM,
    )


def permissions_for(kind: str, role: str | None, *, public: bool) -> frozenset[str]:
    """What a role gives; without one, what a public room lets a signed-in person do."""
    if role is not None:
        return roles.PERMISSIONS[role]
    return roles.VISITOR if public and kind == User.Kind.HUMAN else frozenset()
