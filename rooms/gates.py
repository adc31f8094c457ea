"""Asked before a message is kept. The gates are named in `settings.MESSAGE_GATES`; the strictest verdict wins.

A gate is a function `(draft) -> Verdict`. It runs on the way of every message: milliseconds, no network, no queries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .errors import Invalid, Refused, TooLarge


class Weight(IntEnum):
    ALLOW = 0
    NOTE = 1
    REDACT = 2
    HOLD = 3
    REFUSE = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """Text that is not kept yet. `state` becomes *held* when a gate wants a moderator to look first."""

    room_id: int
    author_id: int
    author_kind: str
    body: str
    state: str = "visible"
    notes: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate thinks. `span` is a pair of character offsets; `body` replaces the text when `weight` is REDACT."""

    weight: Weight = Weight.ALLOW
    rule: str = ""
    reason: str = ""
    span: tuple[int, int] | None = None
    body: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


ALLOW = Verdict()
Gate = Callable[[Draft], Verdict]


def screen(draft: Draft) -> Draft:
    """The draft as it may be kept. Raises Refused (with rule, span and reason), TooLarge or Invalid."""
    for gate in gates():
        verdict = gate(draft)
        if verdict.weight is Weight.REFUSE:
            raise Refused(
                verdict.reason,
                rule=verdict.rule,
                span=verdict.span,
                reason=verdict.reason,
            )
        draft = applied(draft, verdict)
    return draft


def applied(draft: Draft, verdict: Verdict) -> Draft:
    if verdict.weight is Weight.ALLOW:
        return draft
    note = {
        "rule": verdict.rule,
        "weight": verdict.weight.name.lower(),
        **verdict.facts,
    }
    return replace(
        draft,
        body=draft.body if verdict.body is None else verdict.body,
        state="held" if verdict.weight is Weight.HOLD else draft.state,
        notes=(*draft.notes, note),
    )


@cache
def gates() -> tuple[Gate, ...]:
    return tuple(import_string(name) for name in settings.MESSAGE_GATES)


MAX_BYTES = 32 * 1024
MAX_LINKS = 10

LINK = re.compile(r"https?://", re.IGNORECASE)


def clean(body: object, *, may_be_empty: bool = False) -> str:
    """Text that can be stored and shown, line ends unified. Raises Invalid or TooLarge; loses nothing silently.

    `may_be_empty` where a message has something else to show.
    """
    if not isinstance(body, str):
        raise Invalid(fields={"body": ["A message is a text."]})
    if "\x00" in body:
        raise Invalid(fields={"body": ["A message cannot hold the NUL character."]})
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise Invalid(fields={"body": ["This text has a broken character (half of a surrogate pair)."]}) from None
    if size > MAX_BYTES:
        raise TooLarge(f"A message holds at most {MAX_BYTES // 1024} KiB; this one has {size // 1024 + 1}.")
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    if not body.strip():
        if may_be_empty:
            return ""
        raise Invalid(fields={"body": ["A message needs some text."]})
    return body


def length(draft: Draft) -> Verdict:
    """People write messages, not books: the limit is in characters and lines, and agents have the same."""
    limit = settings.MESSAGE_MAX_CHARACTERS
    if len(draft.body) <= limit:
        return ALLOW
    return Verdict(
        Weight.REFUSE,
        rule="length",
        reason=f"A message holds at most {limit} characters; this one has {len(draft.body)}.",
        span=(limit, len(draft.body)),
    )


def link_flood(draft: Draft) -> Verdict:
    """More links than anybody clicks is an advertisement."""
    links = [match.start() for match in LINK.finditer(draft.body)]
    if len(links) <= MAX_LINKS:
        return ALLOW
    return Verdict(
        Weight.REFUSE,
        rule="link_flood",
        reason=f"A message holds at most {MAX_LINKS} links; this one has {len(links)}.",
        span=(links[MAX_LINKS], len(draft.body)),
    )
