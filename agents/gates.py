"""What an agent's words pass before anybody sees them. The gates are named in `settings.REPLY_GATES`.

A gate is a function `(window) -> Verdict`, asked of every window of text before it leaves and once more of the whole at
the end. It runs inside the event loop that carries all streams of a worker: quick, no I/O. Verdicts are those of
`rooms.gates`: *redact* replaces the window by `body`; *hold* and *refuse* end the answer with what was released before,
and with `body` if there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from rooms.gates import ALLOW, MAX_BYTES, Verdict, Weight

OVERLAP = 200
"""How much of what was released before a window shows again, for patterns that lie across its border."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a reply, after `offset` code points that were `spent` bytes. `whole` when it is all of it. `arguments`
    when it is no reply, but what the agent calls a tool with: shown to people too, and to be looked at likewise."""

    text: str
    offset: int = 0
    spent: int = 0
    before: str = ""
    whole: bool = False
    arguments: bool = False


Gate = Callable[[Window], Verdict]


class Withheld(Exception):
    """A gate ended the answer. Of the window only the verdict's `body`, if any, may still be seen."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.rule)


def passed(window: Window) -> str:
    """The window's text as it may leave. Raises Withheld."""
    text = window.text
    for gate in gates():
        verdict = gate(Window(text, window.offset, window.spent, window.before, window.whole, window.arguments))
        if verdict.weight >= Weight.HOLD:
            raise Withheld(verdict)
        if verdict.body is not None:
            text = verdict.body
    return text


@cache
def gates() -> tuple[Gate, ...]:
    return tuple(import_string(name) for name in settings.REPLY_GATES)


def size(window: Window) -> Verdict:
    """An answer fits into a message, whatever the model's provider makes of the limit it was given."""
    if window.arguments:
        return ALLOW
    characters, bytes = settings.MESSAGE_MAX_CHARACTERS - window.offset, MAX_BYTES - window.spent
    fitting = window.text[: max(0, characters)].encode()[: max(0, bytes)].decode(errors="ignore")
    if fitting == window.text:
        return ALLOW
    return Verdict(Weight.REFUSE, rule="size", reason="The answer grew too long and was cut.", body=fitting)
