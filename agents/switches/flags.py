"""Whether agents answer at all, and each of them: feature flags of django-waffle, changed in the admin.

`agent-replies` is for all agents, `agent:NAME` for one; where there is no such flag, they answer. Each process reads
them from the database once a second, not from waffle's cache, so that a change counts everywhere within that second.
A percentage is of people, not of questions: whoever is in, stays in.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from waffle.models import Flag

from rooms.models import User

ALL = "agent-replies"
ONE = "agent:"
KEPT = 1.0
"""Seconds for which a process believes what it has read."""


Read = tuple[tuple[Flag, frozenset[int], frozenset[int]], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The flags as they were read, with the people and groups they name. `until` is monotonic."""

    until: float = 0.0
    flags: Read = ()


_known = Known()


def may_answer(username: str, asker: User | None) -> bool:
    """Whether this agent answers this person now. At most one read a second."""
    return refusing(username, asker) is None


def refusing(username: str, asker: User | None, known: Read | None = None) -> Flag | None:
    """The flag by which this agent does not answer this person, the one for all agents first."""
    mine = [one for one in (flags() if known is None else known) if one[0].name in (ALL, ONE + username)]
    ordered = sorted(mine, key=lambda one: one[0].name != ALL)
    return next((flag for flag, users, groups in ordered if not is_on(flag, users, groups, asker)), None)


def flags() -> Read:
    global _known
    if _known.until <= time.monotonic():
        _known = Known(time.monotonic() + KEPT, read())
    return _known.flags


def read() -> Read:
    rows = Flag.objects.filter(name__startswith="agent").prefetch_related("users", "groups")
    return tuple((flag, ids(flag.users.all()), ids(flag.groups.all())) for flag in rows)


def ids(rows: object) -> frozenset[int]:
    return frozenset(row.pk for row in rows)  # type: ignore[attr-defined]


def is_on(flag: Flag, users: frozenset[int], groups: frozenset[int], asker: User | None) -> bool:
    if flag.everyone is not None:
        return bool(flag.everyone)
    if asker is None:
        return False
    named = asker.pk in users or (bool(groups) and asker.groups.filter(pk__in=groups).exists())
    kind = (flag.staff and asker.is_staff) or (flag.superusers and asker.is_superuser) or flag.authenticated
    return bool(named or kind or is_within(flag, asker))


def is_within(flag: Flag, asker: User) -> bool:
    """A person has one place between 0 and 100 for each flag, always the same."""
    digest = hashlib.sha256(f"{flag.name}:{asker.pk}".encode()).digest()
    return flag.percent is not None and int.from_bytes(digest[:4]) / 2**32 * 100 < float(flag.percent)


def forget(**_: object) -> None:
    """This process changed something itself, and wants to see it at once."""
    global _known
    _known = Known()
