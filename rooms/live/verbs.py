"""The commands that stay inside the event loop: opening rooms, posting, typing. The others are in `errands.py`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from .. import access
from ..errors import Conflict, Invalid
from ..models import User
from ..services.posting import Place as Address
from ..services.posting import Speaker, apost_message
from . import presence
from .commands import (
    BODY,
    CLIENT_ID,
    FLAG,
    IDS,
    MESSAGE_ID,
    NAMES,
    NUMBER,
    POST,
    SLUG,
    Command,
    Ref,
    Said,
    register,
)
from .errands import room_of
from .feeds import resync_text
from .frames import passing
from .hub import hub
from .press import press
from .rights import Place, place_of
from .threads import in_thread

if TYPE_CHECKING:
    from .consumer import Socket

MAX_ROOMS = 200
TYPING_LASTS = 6
TYPING_EVERY = 2.0
KNOWN_FOR = 2.0


# --- opening and closing


async def open_room(socket: Socket, said: Said, ref: Ref) -> None:
    """The ack comes first, then what was missed, then what happens."""
    place = await place_of(socket.principal, said["room"])
    close_feed(socket, place.slug)
    if len(socket.feeds) >= MAX_ROOMS:
        raise Conflict(f"One socket opens at most {MAX_ROOMS} rooms.")
    draw, quiet = bool(said.get("draw")), bool(said.get("quiet"))
    feed = await hub().open(place, socket, after=said.get("after"), draw=draw, quiet=quiet)
    socket.answer("ack", ref, data={"room": place.slug, "last_seq": place.last_seq, "role": place.reader.role})
    if feed is None:
        return socket.tell(resync_text(place.slug, place.last_seq))
    socket.feeds[place.slug] = feed
    feed.start()


async def close_room(socket: Socket, said: Said, ref: Ref) -> None:
    close_feed(socket, said["room"])
    socket.answer("ack", ref, data={})


def close_feed(socket: Socket, slug: str) -> None:
    feed = socket.feeds.pop(slug, None)
    if feed is not None:
        feed.leave()


# --- speaking


async def post(socket: Socket, said: Said, ref: Ref) -> None:
    """Acknowledged after the commit, with the message as PostgreSQL made it."""
    if not said.get("attachments") and "body" not in said:
        raise Invalid(fields={"body": ["This field is required."]})
    place, trusted = await speaking_place(socket, said.pop("room"))
    speaker = Speaker(socket.principal.user_id, socket.principal.user.kind, trusted)
    said = {"body": "", **said, "client_id": said.get("client_id") or ""}
    posted = await apost_message(place=Address(place.room_id, place.slug), speaker=speaker, **said)
    socket.tell(f'{{"type":"ack","ref":{orjson.dumps(ref).decode()},"data":{posted.json}}}')


async def speaking_place(socket: Socket, slug: str) -> tuple[Place, bool]:
    """The room, if they may post there, and whether that had to be asked by name. Raises NotFound or Forbidden."""
    place = await known_place(socket, slug)
    if place.decided_by_role(POST):
        return place, False
    await in_thread(room_of, socket.principal, slug, POST)
    return place, True


async def known_place(socket: Socket, slug: str) -> Place:
    """The sender's place: that of their feed, which follows the log, if they have the room open, else asked every other
    second at most. The statement that keeps a message re-reads the role."""
    feed = socket.feeds.get(slug)
    if feed is not None and not feed.doubtful and not feed.closed and socket.principal.grant.allows(POST):
        return feed.place
    now = time.monotonic()
    place, until = socket.places.get(slug, (None, 0.0))
    if place is None or until < now:
        if len(socket.places) > MAX_ROOMS:
            socket.places.clear()
        place = await place_of(socket.principal, slug, POST)
        socket.places[slug] = (place, now + KNOWN_FOR)
    return place


async def typing(socket: Socket, said: Said, ref: Ref) -> None:
    """Told to the room at most every two seconds; who is typing says so again before it lapses."""
    place, _ = await speaking_place(socket, said["room"])
    now = time.monotonic()
    if now - socket.typed.get(place.slug, 0) >= TYPING_EVERY:
        socket.typed[place.slug] = now
        press().publish(typing_frame(place, socket.principal.user))
    socket.answer("ack", ref, data={})


def typing_frame(place: Place, user: User) -> Any:
    data = {"user": {"username": user.username, "display_name": user.name}, "expires_in": TYPING_LASTS}
    return passing("typing", room_id=place.room_id, slug=place.slug, data=data, about=user.pk)


async def who_is_here(socket: Socket, said: Said, ref: Ref) -> None:
    place = await place_of(socket.principal, said["room"])
    channel = hub().rooms.get(place.room_id)
    users = await presence.who(place.room_id) if channel is None else await hub().presence.in_room(channel)
    socket.answer("ack", ref, data={"users": users})


async def ping(socket: Socket, said: Said, ref: Ref) -> None:
    socket.answer("pong", ref)


SPOKEN = {
    "room": SLUG,
    "body": BODY.optional,
    "client_id": CLIENT_ID.optional,
    "reply_to": MESSAGE_ID.optional,
    "thread": MESSAGE_ID.optional,
    "visible_to": NAMES.optional,
    "attachments": IDS.optional,
}

OPENED = {"room": SLUG, "after": NUMBER.optional, "draw": FLAG.optional, "quiet": FLAG.optional}

register("room.open", Command(OPENED, open_room, access.READ))
register("room.close", Command({"room": SLUG}, close_room))
register("message.post", Command(SPOKEN, post, POST))
register("typing", Command({"room": SLUG}, typing, POST))
register("presence", Command({"room": SLUG}, who_is_here, access.READ))
register("ping", Command({}, ping))
