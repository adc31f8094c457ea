"""Secrets that are shown once and kept as a digest."""

from __future__ import annotations

import hashlib
import secrets


def new_secret(kind: str) -> tuple[str, str, str]:
    """(secret, prefix to recognise it by, digest to keep): 256 random bits, marked with their kind for secret
    scanners.
    """
    secret = f"{kind}_{secrets.token_urlsafe(32)}"
    return secret, secret[: len(kind) + 1 + 6], digest(secret)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
