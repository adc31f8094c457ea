"""Silence as an answer: an agent that speaks only if that is useful may answer with one sign, which nobody sees."""

from __future__ import annotations

SIGN = "[silent]"
WRAPPING = " \t\n`*_\"'“”"


class Hush:
    """Stands between a model and its voice. Where silence is allowed, the beginning of an answer is kept back for as
    long as it could still become the sign; after the sign nothing passes any more."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self.reset()

    def reset(self) -> None:
        """The model is called anew."""
        self._kept: str | None = "" if self.allowed else None
        self.is_silent = False

    def passed(self, text: str) -> str:
        """What of it may be said now."""
        if self.is_silent:
            return ""
        if self._kept is None:
            return text
        self._kept += text
        begun = self._kept.lstrip(WRAPPING).lower()
        if begun.startswith(SIGN):
            self.is_silent = True
        return "" if SIGN.startswith(begun[: len(SIGN)]) else self.rest()

    def rest(self) -> str:
        """What was kept back and turned out to be an answer. Nothing at all is silence too."""
        kept, self._kept = self._kept, None
        if kept is not None and not kept.strip():
            self.is_silent = True
        return "" if self.is_silent else kept or ""
