"""Names that people read on one line, beside words of ours."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of what follows, also of words that are not theirs."""


def is_one_line(value: object) -> bool:
    """Whether this can be kept and shown within a line: no control characters, no half surrogate pairs, no turning."""
    if not isinstance(value, str):
        return False
    return not any(unicodedata.category(character) in ("Cc", "Cs") or character in TURNING for character in value)


def is_seen(value: str) -> bool:
    """Whether there is anything to see: spaces, joiners and marks without a letter show nothing."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in value)


JOINING = frozenset("\u200d\ufe0f")
SKIN = frozenset("🏻🏼🏽🏾🏿")


def is_one_sign(value: str) -> bool:
    """One emoji, or one or two letters or digits: what fits on a face."""
    if len(value) <= 2 and value.isalnum():
        return True
    return is_flag(value) or (is_drawn(value) and len(bases(value)) == 1)


def is_flag(value: str) -> bool:
    return len(value) == 2 and all("🇦" <= character <= "🇿" for character in value)


def is_drawn(value: str) -> bool:
    """Made of pictures and of what joins and colours them, and of nothing else."""
    return all(unicodedata.category(character) == "So" or character in JOINING | SKIN for character in value)


def bases(value: str) -> list[str]:
    """The pictures that stand by themselves: not joined to the one before, no colour of one."""
    before = ["", *value]
    return [
        character
        for last, character in zip(before, value, strict=False)
        if character not in JOINING | SKIN and last != "\u200d"
    ]


def check_sign(value: str) -> None:
    """A validator for what stands on a face. Empty is fine: then the first letters of the name do."""
    if value and not is_one_sign(value):
        raise ValidationError("One emoji, or one or two letters.")


def check_name(value: str) -> None:
    """A validator for what stands above messages. Empty is fine: then the username stands there."""
    if not is_one_line(value) or (value and not is_seen(value)):
        raise ValidationError("Use characters that can be shown.")
