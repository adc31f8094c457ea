"""Who stands behind a live connection, and whether they still do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from .. import db
from ..errors import NotAuthenticated
from ..grants import SESSION, Grant, abearer
from ..models import User
from ..services.tokens import session_hash
from .threads import in_thread


@dataclass(frozen=True, slots=True)
class Principal:
    """A person and the credential they came with. `user` is as of the sign-in: it says who, not what they may."""

    user: User
    grant: Grant
    session_key: str = ""
    expires_at: datetime | None = None

    @property
    def user_id(self) -> int:
        return self.user.pk

    def seconds_left(self) -> float:
        """Until the session or token ends by itself; a session may have been prolonged when it is over."""
        if self.expires_at is None:
            return math.inf
        return (self.expires_at - datetime.now(UTC)).total_seconds()

    @property
    def session_hash(self) -> str:
        return session_hash(self.session_key) if self.session_key else ""


STILL_HOLDS = """SELECT t.expires_at FROM rooms_apitoken t JOIN rooms_user u ON u.id = t.user_id
    WHERE t.id = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) AND u.is_active"""


async def by_token(secret: str) -> Principal:
    """Raises NotAuthenticated for a token that is unknown, revoked or expired."""
    found = await abearer(secret)
    row = found and await db.fetchrow(STILL_HOLDS, [found[1].token], again=True)
    if not found or not row:
        raise NotAuthenticated("This token is unknown, expired or revoked.")
    return Principal(found[0], found[1], expires_at=row[0])


async def by_session(key: str) -> Principal:
    """Raises NotAuthenticated for a session that has ended or whose user's password has changed since."""
    found = await in_thread(user_of_session, key) if key else None
    if found is None:
        raise NotAuthenticated
    return Principal(found[0], SESSION, session_key=key, expires_at=found[1])


def user_of_session(key: str) -> tuple[User, datetime] | None:
    """The signed-in user of a session, by Django's own rules, and when the session ends."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    return user, request.session.get_expiry_date()


async def still_signed_in(principal: Principal) -> bool:
    """Asked of the database. Raises Unavailable when it does not answer."""
    if principal.grant.token is not None:
        return await db.fetchrow(STILL_HOLDS, [principal.grant.token], again=True) is not None
    return await in_thread(user_of_session, principal.session_key) is not None
