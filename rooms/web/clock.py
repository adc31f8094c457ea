from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest


def zone_of(request: HttpRequest) -> tzinfo:
    """The time zone the browser has told us (`static/js/early.js`), so that the first drawing is right."""
    return zone_named(request.COOKIES.get("zone", ""))


@lru_cache(maxsize=600)
def zone_named(name: str) -> tzinfo:
    """UTC for anything that is no zone: the name comes from a cookie."""
    try:
        return ZoneInfo(name) if 0 < len(name) < 64 else UTC
    except (ValueError, OSError, KeyError):
        return UTC
