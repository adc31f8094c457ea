"""How often a secret may be tried: an exact count in PostgreSQL, in a window that moves.

An attempt is counted *before* the secret is looked at and given back when it was right, in one conditional statement
each, so a hundred attempts at once get no further than a hundred in a row. It works without Redis.
"""

from __future__ import annotations

import hashlib
import ipaddress

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from .errors import RateLimited

WINDOW = "5 minutes"
PER_NAME = 10
PER_ADDRESS = 50

COUNT = """
    INSERT INTO rooms_attempt AS a (key, at) VALUES (%(key)s, ARRAY[clock_timestamp()])
    ON CONFLICT (key) DO UPDATE
       SET at = ARRAY(SELECT t FROM unnest(a.at) t WHERE t > clock_timestamp() - %(window)s::interval)
                || clock_timestamp()
     WHERE (SELECT count(*) FROM unnest(a.at) t WHERE t > clock_timestamp() - %(window)s::interval) < %(limit)s
    RETURNING true
"""
OLDEST = """
    SELECT ceil(extract(epoch FROM min(t) + %(window)s::interval - clock_timestamp()))::int
      FROM rooms_attempt, unnest(at) t WHERE key = %(key)s AND t > clock_timestamp() - %(window)s::interval
"""
GIVE_BACK = "UPDATE rooms_attempt SET at = trim_array(at, 1) WHERE key = %(key)s AND cardinality(at) > 0"
FORGET = "DELETE FROM rooms_attempt WHERE coalesce(at[cardinality(at)] < now() - %(window)s::interval, true)"


def count_attempt(request: HttpRequest, name: str) -> list[str]:
    """Count one try at signing in as `name`; the answer is for `give_back`. Raises RateLimited after too many."""
    limits = {
        key_of("name", name.strip().lower()): PER_NAME,
        key_of("address", network_of(request)): PER_ADDRESS,
    }
    counted: list[str] = []
    for key, limit in limits.items():
        if not _count(key, limit):
            give_back(counted)
            raise RateLimited(
                "Too many attempts to sign in. Please wait before you try again.",
                retry_after=_wait(key),
            )
        counted.append(key)
    return counted


def give_back(keys: list[str]) -> None:
    """The secret was right: this was no guess."""
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute(GIVE_BACK, {"key": key})


def forget_old() -> int:
    """Clear away what no longer counts; for a periodic task."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"window": WINDOW})
        return cursor.rowcount


def key_of(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode("utf-8", "surrogateescape")).hexdigest()


def network_of(request: HttpRequest) -> str:
    """Where a request comes from: its address, or the /64 of it, since who has one IPv6 address has them all."""
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def address_of(request: HttpRequest) -> str:
    """The peer's address; behind our own proxies, the one that the outermost of them saw. What stands further left in
    the header was written by the client."""
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    proxies = settings.TRUSTED_PROXIES
    return seen[-proxies] if 0 < proxies <= len(seen) else str(request.META.get("REMOTE_ADDR", ""))


def _count(key: str, limit: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "limit": limit, "window": WINDOW})
        return cursor.fetchone() is not None


def _wait(key: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, {"key": key, "window": WINDOW})
        row = cursor.fetchone()
    return max(1, row[0] or 1) if row else 1
