"""What listeners have heard, beside what they should have."""

from __future__ import annotations

from typing import NamedTuple

from ..findings import Invariant
from ..listening import Frame, Listener
from ..town import Town

EVENTS = """
    SELECT r.slug, e.seq, e.type, e.visible_to, e.moderators_only, m.visible_to, u.username
      FROM rooms_event e JOIN rooms_room r ON r.id = e.room_id LEFT JOIN rooms_message m ON m.id = e.message_id
      LEFT JOIN rooms_user u ON u.id = m.author_id"""
MESSAGES = "SELECT id::text, state, body FROM rooms_message"
TAKEN_BACK = ("withdrawn", "redacted")
REDIS = ("freeze redis", "kill redis", "empty redis")


class Event(NamedTuple):
    type: str
    visible_to: list[int] | None
    moderators_only: bool
    readers: list[int] | None
    """Of the message that it tells of."""
    author: str | None

    def is_for(self, who: str, id: int) -> bool:
        if self.moderators_only and who not in ("ada", "mod"):
            return False
        told = self.visible_to is None or id in self.visible_to
        return told and (self.readers is None or id in self.readers or who == self.author)


def check(town: Town, listeners: list[Listener]) -> None:
    events = {(slug, seq): Event(*rest) for slug, seq, *rest in town.house.sql(EVENTS)}
    messages = {id: (state, body) for id, state, body in town.house.sql(MESSAGES) if state not in TAKEN_BACK}
    redis_had_faults = any(town.findings.faults[fault] for fault in REDIS)
    for listener in listeners:
        for frame in listener.frames:
            check_frame(town, listener, frame, events.get((listener.room, frame["id"])))
        for message, (state, body) in messages.items():
            check_pieces(listener, message, body, may_be_cut=redis_had_faults and state == "interrupted")
    town.findings.facts["heard"] = {
        "frames": sum(len(one.frames) for one in listeners),
        "pieces": sum(len(pieces) for one in listeners for pieces in one.pieces.values()),
        "connections": sum(one.connections for one in listeners),
    }


def check_frame(town: Town, listener: Listener, frame: Frame, event: Event | None) -> None:
    if event is None:
        return listener.violated(Invariant.LOG, "heard what is not there", frame)
    theirs, skipped = event.is_for(listener.who, town.ids[listener.who]), frame["type"] == "skip"
    if not skipped and not theirs:
        listener.violated(Invariant.PRIVATE, frame, event)
    if skipped and theirs:
        listener.violated(Invariant.OWN_EVENTS, frame, event)
    if not skipped and frame["type"] != event.type:
        listener.violated(Invariant.ORDER, frame, event)


def check_pieces(listener: Listener, message: str, body: str, may_be_cut: bool) -> None:
    """Until an answer ends, its text is in its worker and in Redis. When both go, its end is lost, and only its end."""
    for offset, text in listener.pieces.get(message, ()):
        kept = body[offset : offset + len(text)]
        if kept != text and not (may_be_cut and text.startswith(kept)):
            return listener.violated(Invariant.SHOWN, message, offset, text[:80], "and not", body[offset:][:80])
