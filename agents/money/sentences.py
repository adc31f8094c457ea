"""What is said when money is used up: what of, and when there is some again. Amounts are nobody else's business."""

from __future__ import annotations

from dataclasses import dataclass

from rooms.spans import in_words


@dataclass(frozen=True, slots=True)
class Line:
    """An account as it was found, locked. `resets_in` seconds."""

    id: int
    scope: str
    period: str
    limit: int | None
    spent: int
    held: int
    resets_in: float | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.spent - self.held)


WHOSE = {
    "person": "What the person who began this may spend on answers",
    "group": "What their group may spend on answers",
    "room": "What this room may spend on answers",
    "agent": "What this agent may spend",
    "chain": "What one question may cost here, with all that comes of it,",
}
WHEN = {"day": " today", "month": " this month", "none": ""}


def used_up(line: Line, least: int) -> str:
    """Nothing sensible can be bought any more."""
    if line.limit is not None and line.limit - line.spent >= least:
        return f"{subject(line)} is set aside for answers being written just now. Please ask again in a moment."
    return f"{subject(line)} is used up.{again(line)}"


def not_enough(line: Line) -> str:
    """The answer was cut."""
    return f"{subject(line)} did not reach for more of this answer.{again(line)}"


def subject(line: Line) -> str:
    return f"{WHOSE.get(line.scope, 'The budget')}{WHEN.get(line.period, '')}"


def again(line: Line) -> str:
    if line.resets_in is None:
        return ""
    return f" There will be some again in {in_words(line.resets_in)}, at midnight UTC."
