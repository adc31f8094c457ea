"""What somebody may do in a room: asked when they open it and whenever the log says it may have changed."""

from __future__ import annotations

from dataclasses import dataclass

from .. import access, reading
from ..audience import Reader
from ..backends import permissions_for
from ..errors import Forbidden, NotAuthenticated, NotFound
from ..models import Room, User
from ..reading import Standing
from ..roles import Role
from .principal import Principal
from .threads import in_thread


@dataclass(frozen=True, slots=True)
class Place:
    """A reader's standing in a room, true as of the event numbered `last_seq`.

    Both come from one statement, so every change of the standing that this does not know of has a higher number.
    """

    room_id: int
    slug: str
    reader: Reader
    last_seq: int
    standing: Standing

    def decided_by_role(self, perm: str) -> bool:
        """Whether the role alone allows this, so that a statement which re-reads the role re-reads everything."""
        return access.decided_by_role(self.standing, perm)


async def place_of(principal: Principal, slug: str, perm: str = access.READ) -> Place:
    """Where they stand. Raises NotFound for a room they may not see, Forbidden for a token whose scopes lack `perm`."""
    user_id = principal.user_id
    standing = await reading.aread_standing(user_id, slug)
    if standing is None or not principal.grant.covers(standing.room_id):
        raise NotFound
    if not standing.is_active:
        raise NotAuthenticated
    if not principal.grant.allows(perm):
        raise Forbidden("This token's scopes do not include that.")
    role = standing.role
    if "read_room" not in permissions_for(standing.user_kind, role, public=standing.public):
        role = await in_thread(role_by_exception, user_id, slug)
    elif role is None and standing.is_superuser:
        role = Role.MODERATOR
    return Place(standing.room_id, standing.slug, Reader(user_id, role), standing.last_seq, standing)


def role_by_exception(user_id: int, slug: str) -> str | None:
    """The role to read with, for someone whom no role lets in: a superuser, or a grant by name. Raises NotFound."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound
    room: Room = access.room_for(user, slug)
    return access.reader_in(user, room).role
