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


def check_name(value: str) -> None:
    """A validator for what stands above messages. Empty is fine: then the username stands there."""
    if not is_one_line(value) or (value and not is_seen(value)):
        raise ValidationError("Use characters that can be shown.")
