"""Who may read a message: one rule, in the three forms it is needed in. A property test holds them together.

A message is for its author, for those named in `visible_to` (everyone who reads the room when that is NULL), and
while it is *held* only for its author and the room's moderators among them. History, events, search and counts all
ask here; whether somebody may read the room at all is `rooms.access`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

HELD = "held"
MODERATING_ROLES = frozenset({"owner", "moderator"})

READABLE_SQL = """
    (m.author_id = %(reader)s
     OR ((m.visible_to IS NULL OR %(reader)s = ANY(m.visible_to)) AND (m.state <> 'held' OR %(moderates)s)))
"""

# The same for an event: its own audience, then that of the message it tells of (aliases `e` and `m`).
EVENT_READABLE_SQL = f"""
    ((e.visible_to IS NULL OR %(reader)s = ANY(e.visible_to))
     AND (NOT e.moderators_only OR %(moderates)s OR m.author_id = %(reader)s)
     AND (e.message_id IS NULL OR {READABLE_SQL}))
"""


# A message that every one of some people may read, none of them being a moderator; see `readable_by_each`.
READABLE_BY_EACH_SQL = "((m.visible_to IS NULL OR m.visible_to @> %(readers)s::bigint[]) AND m.state <> 'held')"


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone looking at one room. `role` is None for a visitor of a public room."""

    user_id: int
    role: str | None

    @property
    def moderates(self) -> bool:
        return self.role in MODERATING_ROLES

    @property
    def params(self) -> dict[str, int | bool]:
        """What `READABLE_SQL` wants to be told."""
        return {"reader": self.user_id, "moderates": self.moderates}


def may_read(
    reader: Reader,
    *,
    author_id: int | None,
    state: str | None,
    visible_to: Collection[int] | None,
    moderators_only: bool = False,
) -> bool:
    """The rule for a live frame, without a query. Frames that tell of no message have no author and no state."""
    if author_id is not None and author_id == reader.user_id:
        return True
    if visible_to is not None and reader.user_id not in visible_to:
        return False
    return reader.moderates or not (moderators_only or state == HELD)


def readable(reader: Reader) -> Q:
    """The rule as a filter on messages."""
    named = Q(visible_to=None) | Q(visible_to__contains=[reader.user_id])
    if not reader.moderates:
        named &= ~Q(state=HELD)
    return Q(author_id=reader.user_id) | named


def readable_by_each(readers: Collection[int] | None) -> Q:
    """Messages that every one of these may read, none of them being a moderator; None is whoever may read the room.

    What is told on to several people at once, such as the prompt of an agent's reply, has to pass this.
    """
    unrestricted = Q(visible_to=None) & ~Q(state=HELD)
    if readers is None:
        return unrestricted
    return unrestricted | (Q(visible_to__contains=sorted(readers)) & ~Q(state=HELD))
