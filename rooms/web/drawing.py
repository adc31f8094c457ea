"""The one drawing of a message, for a page, a piece of history and a live frame. A test holds the three together.

Nothing here depends on who is looking: what is personal (mine, mentions me) the browser adds from the data- attributes.
Only its place, whether it continues or answers the message above, is known to a page and unknown to a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from django.template import Context, Engine, Template
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localdate

from .links import links_for

Message = Mapping[str, Any]

JOINED_WITHIN = timedelta(minutes=5)
QUIET_STATES = ("visible", "writing")


def draw_message(message: Message, *, place: str = "") -> SafeString:
    """A message of the public contract as HTML. No query, so it may be called in an event loop."""
    return message_template().render(Context({"m": message, "place": place, "links": links_for(message)}))


@cache
def message_template() -> Template:
    return Engine.get_default().get_template("rooms/_message.html")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message in its place: with the day when it is the first of one, and a line when all from here on is new."""

    html: SafeString
    day: str = ""
    new: bool = False


def draw_timeline(
    messages: Iterable[Message], *, zone: tzinfo = UTC, read_seq: int | None = None, me: str = ""
) -> Iterator[Drawn]:
    """Messages in order, grouped by day and author as `static/js/timeline.js` does it for those that arrive later."""
    above: Message | None = None
    for message in messages:
        day = day_of(message, zone)
        is_first = above is None or day_of(above, zone) != day
        is_new = read_seq is not None and message["seq"] > read_seq and message["author"]["username"] != me
        read_seq = None if is_new else read_seq
        place = place_of(above, message, is_first or is_new)
        yield Drawn(draw_message(message, place=place), name_of(day, zone) if is_first else "", is_new)
        above = message


def place_of(above: Message | None, message: Message, is_parted: bool) -> str:
    """The class that says how a message stands to the one above. `is_parted`: there is a line between them."""
    if above is not None and message["reply_to"] == above["id"]:
        return "is-answer"
    return "is-joined" if above is not None and not is_parted and continues(above, message) else ""


def continues(above: Message, message: Message) -> bool:
    """Whether somebody simply goes on talking: same author, soon after, nothing special about either."""
    return (
        above["author"]["username"] == message["author"]["username"]
        and said_at(message) - said_at(above) < JOINED_WITHIN
        and message["reply_to"] is None
        and message["edited_at"] is None
        and message["visible_to"] == above["visible_to"]
        and message["state"] in QUIET_STATES
        and above["state"] in QUIET_STATES
    )


def said_at(message: Message) -> datetime:
    return datetime.fromisoformat(message["created_at"])


def day_of(message: Message, zone: tzinfo) -> date:
    return said_at(message).astimezone(zone).date()


def name_of(day: date, zone: tzinfo) -> str:
    today = localdate(timezone=zone)
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")
