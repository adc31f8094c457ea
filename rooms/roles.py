"""Which role may do what. The whole table; exceptions for one person are guardian grants."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    GUEST = "guest"


VISITOR = frozenset({"read_room", "join_room", "see_members"})
"""Any signed-in person, in a public room they have not joined."""

GUEST = frozenset(
    {
        "read_room",
        "post_message",
        "add_reaction",
        "report_message",
        "see_members",
        "ask_agent",
    }
)
MEMBER = GUEST | {"invite_member"}
MODERATOR = MEMBER | {
    "moderate_message",
    "remove_member",
    "add_member",
    "cancel_run",
    "change_room",
}
OWNER = MODERATOR | {"change_role", "manage_seats", "delete_room"}

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: OWNER,
    Role.MODERATOR: MODERATOR,
    Role.MEMBER: MEMBER,
    Role.GUEST: GUEST,
}

SENTENCES: dict[str, str] = {
    "read_room": "Read the room",
    "join_room": "Join the room",
    "see_members": "See who is a member",
    "post_message": "Post messages",
    "add_reaction": "React to messages",
    "report_message": "Report a message to the moderators",
    "ask_agent": "Ask agents",
    "invite_member": "Make invitation links",
    "add_member": "Add members",
    "remove_member": "Remove members",
    "change_role": "Change members' roles",
    "moderate_message": "Redact anybody's messages",
    "cancel_run": "Stop an agent that somebody else asked",
    "change_room": "Change name, topic and visibility",
    "manage_seats": "Add and remove agents",
    "delete_room": "Delete the room",
}
"""Every permission there is, as it stands in the admin."""

RANK: dict[str, int] = {Role.GUEST: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.OWNER: 3}


def roles_with(permission: str) -> list[str]:
    """The roles that hold a permission, e.g. for a query."""
    return [role for role, permissions in PERMISSIONS.items() if permission in permissions]


def outranks(role: str | None, other: str) -> bool:
    """Whether somebody with `role` may change or remove somebody with `other`. Owners may do it to each other."""
    if role == Role.OWNER:
        return True
    return role is not None and RANK[role] > RANK[other]
