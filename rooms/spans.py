"""Spans of time as people say them."""

from __future__ import annotations

from math import ceil

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def in_words(seconds: float) -> str:
    """«14 seconds», «3 minutes», «5 hours»: never too short."""
    for size, name in UNITS:
        if seconds > 1.5 * size:
            return counted(ceil(seconds / size), name)
    return counted(max(1, ceil(seconds)), "second")


def counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
