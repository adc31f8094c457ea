"""Personal API tokens, and the end of sign-ins."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from .. import background, relaying
from ..errors import Invalid
from ..models import ApiToken, Revocation, Room, User
from .secrets import digest, new_secret

log = logging.getLogger(__name__)

MAX_DAYS = 366
MAX_TOKENS = 50


def create_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    rooms: Collection[Room] = (),
    expires_in: timedelta | None = timedelta(days=90),
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown this once. `rooms` empty means all; `expires_in` None means never."""
    if not scopes or not set(scopes) <= set(ApiToken.Scope.values):
        raise Invalid(fields={"scopes": [f"One or more of {', '.join(ApiToken.Scope.values)}."]})
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise Invalid(fields={"name": ["A name of up to 64 characters."]})
    if expires_in is not None and not timedelta(0) < expires_in <= timedelta(days=MAX_DAYS):
        raise Invalid(fields={"expires_in": [f"A token lasts up to {MAX_DAYS} days."]})
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MAX_TOKENS:
        raise Invalid(f"You have {MAX_TOKENS} tokens; revoke one first.")
    secret, prefix, kept = new_secret("crt")
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name.strip(),
            prefix=prefix,
            digest=kept,
            scopes=sorted(set(scopes)),
            bound=bool(rooms),
            expires_at=None if expires_in is None else Now() + expires_in,
        )
        token.rooms.set(rooms)
    token.refresh_from_db()
    return token, secret


def usable_tokens() -> Q:
    """Not revoked, not expired by the database's clock, of an active user."""
    return Q(revoked_at=None, user__is_active=True) & (Q(expires_at=None) | Q(expires_at__gt=Now()))


def token_for(secret: str) -> ApiToken | None:
    """The token of a secret, with its user, if it still holds. One query."""
    return ApiToken.objects.select_related("user").filter(usable_tokens(), digest=digest(secret)).first()


def revoke_token(*, token: ApiToken) -> None:
    """End a token; sockets that came in with it close within 2 s."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
            revoke(token.user, "token_revoked", token=token)


def sign_out_everywhere(user: User, reason: str) -> None:
    """End every session of a person (a changed password, a deactivated account). Tokens of the deactivated fail by
    themselves.
    """
    with transaction.atomic():
        for session in Session.objects.filter(expire_date__gt=Now()).iterator():
            if session.get_decoded().get("_auth_user_id") == str(user.pk):
                session.delete()
        revoke(user, reason)


def session_hash(session_key: str) -> str:
    """How a revocation names a session without giving its key away."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def revoke(user: User, reason: str, *, session_key: str = "", token: ApiToken | None = None) -> Revocation:
    """Say that a sign-in has ended: kept for every hub to read, and told at once after the commit."""
    revocation = Revocation.objects.create(
        user=user,
        session_hash=session_hash(session_key) if session_key else "",
        token=token,
        reason=reason,
    )
    transaction.on_commit(lambda: push(revocation), robust=True)
    return revocation


def push(revocation: Revocation) -> None:
    facts = {
        "id": revocation.pk,
        "user": revocation.user_id,
        "session_hash": revocation.session_hash,
        "token": revocation.token_id,
        "reason": revocation.reason,
    }
    try:
        background.run(relaying.publish_control(revoke=facts), timeout=relaying.PATIENCE * 2)
    except Exception as error:  # hubs read the table each second: this was only the quick way
        log.warning("revocation %s was not pushed: %s", revocation.pk, error)
