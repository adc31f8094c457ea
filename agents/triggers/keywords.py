"""Whether a text says one of some words: whole ones, in any case, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rooms.errors import Invalid

MOST = 20
LONGEST = 64
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
"""Scripts that write words without anything between them: there a border inside a text cannot be seen."""


def says_one_of(keywords: Sequence[str], text: str) -> bool:
    pattern = pattern_of(tuple(keywords))
    return pattern is not None and pattern.search(folded(text)) is not None


@lru_cache(maxsize=512)
def pattern_of(keywords: tuple[str, ...]) -> re.Pattern[str] | None:
    found = [bounded(word) for keyword in keywords if (word := folded(keyword).strip())]
    return re.compile("|".join(found)) if found else None


def folded(text: str) -> str:
    """Without the differences people do not mean: case, width, and how accents are put together."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def bounded(word: str) -> str:
    inside = r"\s+".join(re.escape(part) for part in word.split())
    return (r"(?<!\w)" if is_bordered(word[0]) else "") + inside + (r"(?!\w)" if is_bordered(word[-1]) else "")


def is_bordered(character: str) -> bool:
    """Whether a word that begins or ends with it has a border there: not at a sign like the + of C++."""
    return (character.isalnum() or character == "_") and not unicodedata.name(character, "").startswith(UNSPACED)


def checked(keywords: Iterable[str]) -> list[str]:
    """As they are kept: each once, without spaces around it. Raises Invalid."""
    found: dict[str, str] = {}
    for keyword in keywords:
        words = " ".join(keyword.split())
        if words:
            found.setdefault(folded(words), words)
    if len(found) > MOST:
        raise Invalid(fields={"keywords": [f"At most {MOST} keywords."]})
    if any(len(word) > LONGEST for word in found.values()):
        raise Invalid(fields={"keywords": [f"A keyword has at most {LONGEST} characters."]})
    return list(found.values())
