"""Finding words in messages, by PostgreSQL's full text. Who may read one is asked of `rooms.audience`, as everywhere.

    release "to production" -draft from:ada

The words are not stemmed («simple»): rooms speak many languages. Only messages that stand are found.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from .audience import READABLE_SQL
from .errors import Invalid
from .models import Room, User
from .queries import FROM_MESSAGE, MESSAGE_JSON
from .reading import ask

FROM = re.compile(r"(?:^|(?<=\s))from:@?(\S+)", re.IGNORECASE)
START, STOP = "\ue000", "\ue001"
"""Marks of a hit on their way out of PostgreSQL. Private characters, taken out of the text before."""

HEADLINE = f"StartSel={START}, StopSel={STOP}, MaxWords=32, MinWords=12, ShortWord=0, MaxFragments=1"
WORDS = "to_tsvector('simple'::regconfig, COALESCE(m.body, ''))"
READABLE_IN_MANY = READABLE_SQL.replace("%(moderates)s", "false")

WITH_WORDS = f"AND {WORDS} @@ websearch_to_tsquery('simple', %(words)s)"
BY_AUTHOR = "AND m.author_id = (SELECT id FROM rooms_user WHERE username = %(author)s)"
BEFORE = "AND m.id < %(before)s"
IN_CONTEXT = """ts_headline('simple', translate(m.body, %(marks)s, ''),
    websearch_to_tsquery('simple', %(words)s), %(headline)s)"""
BEGINNING = "left(m.body, 200)"


def statement(*, words: bool, author: bool, before: bool) -> str:
    """One statement per kind of question, so that the planner sees what is asked and takes the index on words."""
    return f"""
        WITH found AS MATERIALIZED (
            SELECT m.id FROM rooms_message m
            WHERE m.room_id = ANY(%(rooms)s) AND m.state = 'visible' AND {READABLE_IN_MANY}
                  {WITH_WORDS if words else ""} {BY_AUTHOR if author else ""} {BEFORE if before else ""}
            ORDER BY m.id DESC LIMIT %(limit)s
        )
        SELECT {MESSAGE_JSON}::text, {IN_CONTEXT if words else BEGINNING}
        FROM found JOIN ({FROM_MESSAGE}) ON m.id = found.id
        ORDER BY m.id DESC
    """  # noqa: S608


@dataclass(frozen=True, slots=True)
class Query:
    words: str
    author: str | None

    @classmethod
    def read(cls, text: str) -> Query:
        """Takes `from:name` out of the words. Raises Invalid when nothing is left to look for."""
        named = FROM.findall(text)
        words = FROM.sub(" ", text).strip()
        if len(named) > 1:
            raise Invalid(fields={"q": ["Give one «from:»."]})
        if not words and not named:
            raise Invalid(fields={"q": ["Say what to look for."]})
        return cls(words, named[0].lower() if named else None)


@dataclass(frozen=True, slots=True)
class Found:
    results: list[dict[str, Any]]
    has_more: bool


def readable_rooms(user: User) -> list[int]:
    """Where a search without a room looks."""
    return list(Room.objects.visible_to(user).values_list("pk", flat=True))


def search(user: User, rooms: Collection[int], text: str, *, before: UUID | None = None, limit: int = 20) -> Found:
    """Messages that fit, newest first, in rooms the caller knows this person may read. One query.

    Each is a message's JSON with `snippet`, plain text, and `matches`, where in it the words stand.
    """
    query = Query.read(text)
    rows = ask(
        statement(words=bool(query.words), author=query.author is not None, before=before is not None),
        {
            "reader": user.pk,
            "rooms": list(rooms),
            "words": query.words,
            "author": query.author,
            "before": before,
            "limit": limit + 1,
            "marks": START + STOP,
            "headline": HEADLINE,
        },
    )
    return Found([found(*row) for row in rows[:limit]], has_more=len(rows) > limit)


def found(message: str, marked: str) -> dict[str, Any]:
    snippet, matches = unmarked(marked)
    return {**orjson.loads(message), "snippet": snippet, "matches": matches}


def unmarked(marked: str) -> tuple[str, list[list[int]]]:
    """A headline without its marks, and where they stood."""
    text, matches = "", []
    for piece in re.split(f"({START}[^{STOP}]*{STOP})", marked):
        hit = piece.strip(START + STOP)
        if piece.startswith(START):
            matches.append([len(text), len(text) + len(hit)])
        text += hit
    return text, matches
