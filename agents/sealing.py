"""Secrets kept in the database, sealed with a key of the settings: a copy of the database tells none of them."""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PURPOSE = b"chatroom: keys of providers"


class Unopened(Exception):
    """Sealed with a key that is not in `SEALING_KEYS` any more."""


class Secret(str):
    """Text that does not print itself: whatever shows a request or a frame of the stack shows no key."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[key]"


def seal(secret: str) -> str:
    return sealer().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> Secret:
    try:
        return Secret(sealer().decrypt(sealed.encode()).decode())
    except InvalidToken:
        raise Unopened from None


def sealed_anew(sealed: str) -> str:
    """The same secret under the first of the keys. Raises Unopened."""
    return seal(unseal(sealed))


def sealer() -> MultiFernet:
    """The first key seals, all of them open: that is how one is replaced."""
    return MultiFernet([Fernet(derived(key)) for key in settings.SEALING_KEYS])


def derived(key: str) -> bytes:
    """The keys are long and random already, so one keyed hash is all the derivation they need."""
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), PURPOSE, "sha256"))
