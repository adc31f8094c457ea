"""What an agent's words pass before anybody sees them. The gates are named in `settings.REPLY_GATES`.

A gate is a function `(window) -> Verdict`, asked of every window of text before it leaves and once more of the whole at
the end. It runs inside the event loop that carries all streams of a worker: quick, no I/O. Verdicts are those of
`rooms.gates`: *redact* replaces the window by `body`; *hold* and *refuse* end the answer with what was released before,
and with `body` if there is one.

A gate that looks for something longer than one character says by its `reach` how long that can be, what has to stand
around it included. Then no part of it leaves before all of it would have been seen (`sluice`). A gate without a reach
costs no delay, and may miss what comes in two windows. Gates are asked in order, each of what the one before it let
through, so their reaches add up; `size` stays the last. One that redacts may name what it replaced in its verdict's
`facts["spans"]`, pairs of offsets in the window.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from rooms.gates import ALLOW, MAX_BYTES, Verdict, Weight

OVERLAP = 200
"""How much of what was let through before a window shows again, for gates that want to know what stood there."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a reply, after `offset` code points that were `spent` bytes. `whole` when it is all of it.

    No reply, but shown to people too and to be looked at likewise: `arguments`, what the agent calls a tool with, what
    the tool answers, and what agents say to each other; and `thinking`, what the model said to itself. All are whole.
    """

    text: str
    offset: int = 0
    spent: int = 0
    before: str = ""
    whole: bool = False
    arguments: bool = False
    thinking: bool = False


Gate = Callable[[Window], Verdict]
G = TypeVar("G", bound=Gate)


class Withheld(Exception):
    """A gate ended the answer. Of the window only the verdict's `body`, if any, may still be seen."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.rule)


def passed(window: Window) -> str:
    """The window's text as it may leave. Raises Withheld."""
    for gate in gates():
        window = replace(window, text=judged(gate, window)[0])
    return window.text


def passed_in(value: Any) -> Any:
    """Data as it may be shown and kept: every text in it, names and numbers too. Raises Withheld."""
    match value:
        case str() if value:
            return passed(Window(value, whole=True, arguments=True))
        case int() | float() if not isinstance(value, bool):
            text = passed_in(str(value))
            return value if text == str(value) else text
        case dict():
            return {passed_in(key): passed_in(one) for key, one in value.items()}
        case list():
            return [passed_in(one) for one in value]
    return value


def judged(gate: Gate, window: Window) -> tuple[str, Verdict]:
    """What one gate makes of it. Raises Withheld."""
    verdict = gate(window)
    if verdict.weight >= Weight.HOLD:
        raise Withheld(verdict)
    return (window.text if verdict.body is None else verdict.body), verdict


@cache
def gates() -> tuple[Gate, ...]:
    found = (import_string(name) for name in settings.REPLY_GATES)
    return tuple(gate() if isinstance(gate, type) else gate for gate in found)


def reach_of(gate: Gate) -> int:
    return max(1, int(getattr(gate, "reach", 1)))


def reaching(characters: int) -> Callable[[G], G]:
    """`@reaching(64)`: the longest thing this gate looks for has 64 characters."""

    def mark(gate: G) -> G:
        setattr(gate, "reach", characters)  # noqa: B010  # functions have no such attribute as far as types go
        return gate

    return mark


@dataclass(frozen=True)
class Pattern:
    """A gate that puts `instead` in the place of what a pattern finds, or ends the answer when there is no `instead`.

    It looks behind the window's beginning for word borders and the like. What the pattern finds must never be longer
    than `reach`: bound its repetitions.
    """

    rule: str
    pattern: re.Pattern[str]
    reach: int
    instead: str | None = None
    reason: str = ""

    def __call__(self, window: Window) -> Verdict:
        start = len(window.before)
        text = window.before + window.text
        found = self.pattern.search(text, start)
        if found is None:
            return ALLOW
        if self.instead is None:
            span = (found.start() - start, found.end() - start)
            return Verdict(Weight.REFUSE, rule=self.rule, reason=self.reason, span=span)
        spans = [found.span() for found in self.pattern.finditer(text, start)]
        facts = {"spans": [(begin - start, end - start) for begin, end in spans]}
        body = self.without(text, start, spans)
        return Verdict(Weight.REDACT, rule=self.rule, reason=self.reason, body=body, facts=facts)

    def without(self, text: str, at: int, spans: Sequence[tuple[int, int]]) -> str:
        kept = []
        for begin, end in spans:
            kept += [text[at:begin], self.instead or ""]
            at = end
        return "".join([*kept, text[at:]])


def size(window: Window) -> Verdict:
    """An answer fits into a message, whatever the model's provider makes of the limit it was given."""
    if window.arguments or window.thinking:
        return ALLOW
    characters, bytes = settings.MESSAGE_MAX_CHARACTERS - window.offset, MAX_BYTES - window.spent
    fitting = window.text[: max(0, characters)].encode()[: max(0, bytes)].decode(errors="ignore")
    if fitting == window.text:
        return ALLOW
    return Verdict(Weight.REFUSE, rule="size", reason="The answer grew too long and was cut.", body=fitting)
