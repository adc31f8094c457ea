"""Text on its way through the gates, window by window, so that no part of what a gate forbids leaves before the rest.

A gate with a reach of 64 has decided on a text only up to 63 characters before its end: something forbidden could still
begin there and be complete later. So that much stays behind, as the model wrote it, and is judged again together with
what follows. Holding back goes by characters, never by time: a model that pauses in the middle of a word gets nothing
through. And what stays behind begins where nothing forbidden is cut in two, so that every cut of a text gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from rooms.gates import Verdict

from . import gates
from .gates import OVERLAP, Gate, Window, Withheld

Span = tuple[int, int]


class Chamber:
    """Before one gate. `said` is what had passed it before it was built."""

    def __init__(self, gate: Gate, said: str = "") -> None:
        self.gate = gate
        self.reach = gates.reach_of(gate)
        self.held = ""
        self.length = self.bytes = 0
        self.before = ""
        self.passing(said)

    def take(self, text: str, end: bool) -> str:
        """What may pass now, of this and of what was held. Raises Withheld."""
        text = self.held + text
        decided = len(text) if end else len(text) - self.reach + 1
        if decided <= 0:
            self.held = text
            return ""
        self.held = ""
        try:
            made, verdict = self.judged(text)
        except Withheld:
            if end or not self.may_change_its_mind(text):
                raise
            self.held = text
            return ""
        if decided < len(text):
            border, made = self.cut(text, made, decided, verdict.facts.get("spans", ()))
            self.held = text[border:]
        return self.passing(made)

    def cut(self, text: str, made: str, decided: int, spans: Sequence[Span]) -> tuple[int, str]:
        """Where to part the text, at `decided` or before, and what becomes of the part in front.

        Where the gate changes nothing, between two words, so that one that looks for words sees whole ones. Else where
        the two parts, judged apart, give what they give together: no change lies across. Where there is no such place,
        since the gate changes more than it reaches, all of it waits.
        """
        if made == text:
            border = between_words(text, decided, self.reach)
            return border, text[:border]
        for border in range(decided, max(0, decided - self.reach), -1):
            if any(begin < border < end for begin, end in spans):
                continue
            front = self.attempted(text[:border])
            if front is not None and made == front + (self.attempted(text[border:], front) or ""):
                return border, front
        return 0, ""

    def may_change_its_mind(self, text: str) -> bool:
        """It objects to this text, but not to it without its last few characters: what it found may go on differently,
        as «cat» in «catalogue». Then everything waits."""
        shorter = range(len(text) - 1, max(0, len(text) - self.reach), -1)
        return any(self.attempted(text[:end]) is not None for end in shorter)

    def attempted(self, text: str, after: str = "") -> str | None:
        try:
            return self.judged(text, after)[0]
        except Withheld:
            return None

    def judged(self, text: str, after: str = "") -> tuple[str, Verdict]:
        before = (self.before + after)[-OVERLAP:]
        return gates.judged(self.gate, Window(text, self.length + len(after), self.bytes + len(after.encode()), before))

    def passing(self, text: str) -> str:
        self.length += len(text)
        self.bytes += len(text.encode())
        self.before = (self.before + text)[-OVERLAP:]
        return text


def between_words(text: str, end: int, reach: int) -> int:
    """The end of the last blank before `end`, if it is near; else `end`: there are scripts without blanks."""
    near = range(end, max(0, end - reach), -1)
    return next((place for place in near if text[place - 1].isspace()), end)


class Sluice:
    """All gates in a row, for one answer. `before` is what the run has shown of it already."""

    def __init__(self, before: str = "") -> None:
        self.chambers = [Chamber(gate, before) for gate in gates.gates()]

    def take(self, text: str, end: bool = False) -> tuple[str, Withheld | None]:
        """What may be shown now, and the first objection. With one, or at the `end`, nothing stays behind.

        Also what a gate that objects puts in the place of the rest passes the gates after it.
        """
        objection: Withheld | None = None
        for chamber in self.chambers:
            try:
                text = chamber.take(text, end)
            except Withheld as withheld:
                objection, end = objection or withheld, True
                text = chamber.passing(withheld.verdict.body or "")
        return text, objection
