"""What goes over the wire: an event hydrated for its readers, or a passing frame without a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from ..audience import Reader, may_read

PASSING = frozenset({"message.text", "typing", "presence", "status", "tool"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, its text ready for the wire, with what is needed to know who may see it.

    `seq` is None for a passing frame; then `after` is the number a receiver must have reached for it to make sense.
    `about` is the user whose rights the event may have changed.
    """

    room_id: int
    slug: str
    type: str
    text: str
    seq: int | None = None
    after: int = 0
    author_id: int | None = None
    state: str | None = None
    visible_to: tuple[int, ...] | None = None
    moderators_only: bool = False
    about: int | None = None

    def is_for(self, reader: Reader) -> bool:
        return may_read(
            reader,
            author_id=self.author_id,
            state=self.state,
            visible_to=self.visible_to,
            moderators_only=self.moderators_only,
        )

    @property
    def concerns_everyone(self) -> bool:
        """No reader of the room needs asking: the common case, decided once per frame instead of once per reader."""
        return self.visible_to is None and not self.moderators_only and self.state != "held"

    def packed(self) -> dict[str, Any]:
        """As it travels on the channel layer. `unpacked` is its inverse."""
        return {
            "type": "hub.frame",
            "room": self.room_id,
            "slug": self.slug,
            "kind": self.type,
            "text": self.text,
            "seq": self.seq,
            "after": self.after,
            "author": self.author_id,
            "state": self.state,
            "visible_to": None if self.visible_to is None else list(self.visible_to),
            "moderators_only": self.moderators_only,
            "about": self.about,
        }

    @classmethod
    def unpacked(cls, message: dict[str, Any]) -> Frame:
        named = message["visible_to"]
        return cls(
            room_id=message["room"],
            slug=message["slug"],
            type=message["kind"],
            text=message["text"],
            seq=message["seq"],
            after=message["after"],
            author_id=message["author"],
            state=message["state"],
            visible_to=None if named is None else tuple(named),
            moderators_only=message["moderators_only"],
            about=message["about"],
        )


def wire(type: str, slug: str, seq: int | None, data: str) -> str:
    """The text of a frame; `data` is JSON already (messages come ready-made from the database)."""
    number = "" if seq is None else f'"id":{seq},'
    return f'{{"type":"{type}","room":"{slug}",{number}"data":{data}}}'


def skip(slug: str, seq: int) -> str:
    """What a reader outside an event's audience gets: the number, so that they can prove they missed nothing."""
    return f'{{"type":"skip","room":"{slug}","id":{seq}}}'


def passing(type: str, *, room_id: int, slug: str, data: dict[str, Any], **facts: Any) -> Frame:
    """A frame without a number: typing, presence, text as it is written."""
    return Frame(room_id, slug, type, wire(type, slug, None, orjson.dumps(data).decode()), **facts)
