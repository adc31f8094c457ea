"""Messages for a page: which ones, and drawn how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from ..audience import Reader
from ..errors import Invalid
from ..live import streams
from ..models import Room, User
from ..reading import Page, read_message, read_page
from ..search import search as search_rooms
from .clock import zone_of
from .drawing import draw_timeline

PAGE = 60
BOUNDS = ("before", "after", "around")


def page_of(request: HttpRequest, room: Room, reader: Reader) -> Page:
    """The piece of history the query string asks for; the newest without one. Raises Invalid."""
    bounds = {name: number(request.GET[name], name) for name in BOUNDS if name in request.GET}
    return read_page(room, reader, limit=PAGE, **bounds)


def number(given: str, name: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Invalid(fields={name: ["A number."]})
    return int(given)


def messages_of(page: Page) -> list[dict[str, Any]]:
    """The messages of a page; those being written with the text they have by now."""
    return [as_it_stands(message) for message in page.messages()]


def message_of(reader: Reader, message_id: UUID) -> dict[str, Any]:
    return as_it_stands(read_message(reader, message_id))


def as_it_stands(message: dict[str, Any]) -> dict[str, Any]:
    """With the text written so far: the passing frames are ahead of the row, unless Redis forgot them."""
    if message["state"] != "writing":
        return message
    return {**message, "body": max(streams.text_so_far(message["id"]), message["body"], key=len)}


def read(request: HttpRequest, room: Room, reader: Reader, read_seq: int | None) -> dict[str, Any]:
    """What the room's template wants to know of its messages."""
    page = page_of(request, room, reader)
    messages = messages_of(page)
    drawn = list(draw_timeline(messages, zone=zone_of(request), read_seq=read_seq, me=request.user.get_username()))
    return {
        "page": page,
        "timeline": drawn,
        "has_new": any(one.new for one in drawn),
        "first_seq": messages[0]["seq"] if messages else 0,
        "last_shown": messages[-1]["seq"] if messages else 0,
    }


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was looked for, its words in pieces: (text, whether it is what was looked for)."""

    message: dict[str, Any]
    pieces: list[tuple[str, bool]]


def search(user: User, room: Room, words: str) -> list[Hit]:
    """Messages of the room with these words, newest first. Raises Invalid."""
    found = search_rooms(user, [room.pk], words, limit=50)
    return [Hit(message, list(pieces(message["snippet"], message["matches"]))) for message in found.results]


def pieces(text: str, matches: list[list[int]]) -> Iterator[tuple[str, bool]]:
    cuts = [0, *(place for match in matches for place in match), len(text)]
    for index, (start, end) in enumerate(pairwise(cuts)):
        if start < end:
            yield text[start:end], index % 2 == 1
