"""The commands of rooms. Reading and posting stay inside the event loop; the rest goes through services in threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from .. import access, relaying
from ..errors import Conflict, Forbidden, NotAuthenticated, NotFound
from ..models import Message, Room, User
from ..services import messages, reactions
from ..services.posting import Place as Address
from ..services.posting import Speaker, apost_message
from . import presence
from .commands import (
    BODY,
    CLIENT_ID,
    EMOJI,
    EMPTY_LIST,
    FLAG,
    MESSAGE_ID,
    NAMES,
    NUMBER,
    REASON,
    SLUG,
    Command,
    Ref,
    Said,
    register,
)
from .feeds import resync_text
from .frames import passing
from .hub import hub
from .principal import Principal
from .rights import Place, place_of
from .threads import in_thread

if TYPE_CHECKING:
    from .consumer import Socket

MAX_ROOMS = 200
TYPING_LASTS = 6
TYPING_EVERY = 2.0
KNOWN_FOR = 2.0
POST = "rooms.post_message"


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
    said.pop("attachments", None)
    place, trusted = await speaking_place(socket, said.pop("room"))
    speaker = Speaker(socket.principal.user_id, socket.principal.user.kind, trusted)
    said["client_id"] = said.get("client_id") or ""
    posted = await apost_message(place=Address(place.room_id, place.slug), speaker=speaker, **said)
    socket.tell(f'{{"type":"ack","ref":{orjson.dumps(ref).decode()},"data":{posted.json}}}')


async def speaking_place(socket: Socket, slug: str) -> tuple[Place, bool]:
    """The room, if they may post there, and whether that had to be asked by name. Raises NotFound or Forbidden."""
    place = await known_place(socket, slug)
    if not socket.principal.grant.allows(POST):
        raise Forbidden("This token's scopes do not include that.")
    if place.decided_by_role(POST):
        return place, False
    await in_thread(room_of, socket.principal, slug, POST)
    return place, True


async def known_place(socket: Socket, slug: str) -> Place:
    """The sender's place, asked every other second at most: the statement that keeps a message re-reads the role."""
    now = time.monotonic()
    place, until = socket.places.get(slug, (None, 0.0))
    if place is None or until < now:
        if len(socket.places) > MAX_ROOMS:
            socket.places.clear()
        place = await place_of(socket.principal, slug)
        socket.places[slug] = (place, now + KNOWN_FOR)
    return place


async def typing(socket: Socket, said: Said, ref: Ref) -> None:
    """Told to the room at most every two seconds; who is typing says so again before it lapses."""
    place, _ = await speaking_place(socket, said["room"])
    now = time.monotonic()
    if now - socket.typed.get(place.slug, 0) >= TYPING_EVERY:
        socket.typed[place.slug] = now
        await relaying.publish_frame(typing_frame(place, socket.principal.user))
    socket.answer("ack", ref, data={})


def typing_frame(place: Place, user: User) -> Any:
    data = {"user": {"username": user.username, "display_name": user.name}, "expires_in": TYPING_LASTS}
    return passing("typing", room_id=place.room_id, slug=place.slug, data=data)


async def who_is_here(socket: Socket, said: Said, ref: Ref) -> None:
    place = await place_of(socket.principal, said["room"])
    channel = hub().rooms.get(place.room_id)
    users = await presence.who(place.room_id) if channel is None else await hub().presence.in_room(channel)
    socket.answer("ack", ref, data={"users": users})


async def ping(socket: Socket, said: Said, ref: Ref) -> None:
    socket.answer("pong", ref)


# --- through services


def by_service(work: Callable[..., Any]) -> Callable[[Socket, Said, Ref], Any]:
    """A handler that runs `work(principal, **said)` in a thread and acknowledges with what it returns."""

    async def handle(socket: Socket, said: Said, ref: Ref) -> None:
        socket.answer("ack", ref, data=await in_thread(work, socket.principal, **said) or {})

    return handle


def person_of(principal: Principal) -> User:
    """The user as they are now: permissions are cached on the instance, so it is never kept."""
    user = User.objects.filter(pk=principal.user_id, is_active=True).first()
    if user is None:
        raise NotAuthenticated
    return user


def room_of(principal: Principal, slug: str, perm: str = access.READ) -> Room:
    """The room, if they may do this there and their token reaches so far. Raises like `access.room_for`."""
    user = person_of(principal)
    room = access.room_for(user, slug)
    check_reach(principal, user, room, perm)
    return room


def message_of(principal: Principal, message_id: str, perm: str = access.READ) -> Message:
    user = person_of(principal)
    message = access.message_for(user, message_id)
    check_reach(principal, user, message.room, perm)
    return message


def check_reach(principal: Principal, user: User, room: Room, perm: str) -> None:
    if not principal.grant.covers(room.pk):
        raise NotFound
    access.require(user, room, perm)
    if not principal.grant.allows(perm):
        raise Forbidden("This token's scopes do not include that.")


def edit(principal: Principal, message: str, body: str, room: str = "") -> dict[str, Any]:
    found = message_of(principal, message, POST)
    messages.edit_message(message=found, by=person_of(principal), body=body)
    return {"message": message}


def delete(principal: Principal, message: str, reason: str | None = None, room: str = "") -> dict[str, Any]:
    """One's own is withdrawn, anybody else's redacted."""
    found = message_of(principal, message)
    user = person_of(principal)
    if found.author_id == user.pk:
        check_reach(principal, user, found.room, POST)
        messages.withdraw_message(message=found, by=user)
    else:
        check_reach(principal, user, found.room, "rooms.moderate_message")
        messages.redact_message(message=found, by=user, reason=reason or "")
    return {"message": message}


def react(principal: Principal, message: str, emoji: str, room: str = "") -> dict[str, Any]:
    found = message_of(principal, message, "rooms.add_reaction")
    reactions.add_reaction(message=found, user=person_of(principal), emoji=emoji)
    return {"message": message, "emoji": emoji}


def unreact(principal: Principal, message: str, emoji: str, room: str = "") -> dict[str, Any]:
    found = message_of(principal, message, "rooms.add_reaction")
    reactions.remove_reaction(message=found, user=person_of(principal), emoji=emoji)
    return {"message": message, "emoji": emoji}


def mark_read(principal: Principal, room: str, seq: int) -> dict[str, Any]:
    found = room_of(principal, room)
    if not principal.grant.has("write"):
        raise Forbidden("This token's scopes do not include that.")
    return {"read_seq": reactions.mark_read(room=found, user=person_of(principal), seq=seq)}


ONE_MESSAGE = {"message": MESSAGE_ID, "room": SLUG.optional}
SPOKEN = {
    "room": SLUG,
    "body": BODY,
    "client_id": CLIENT_ID.optional,
    "reply_to": MESSAGE_ID.optional,
    "thread": MESSAGE_ID.optional,
    "visible_to": NAMES.optional,
    "attachments": EMPTY_LIST.optional,
}

OPENED = {"room": SLUG, "after": NUMBER.optional, "draw": FLAG.optional, "quiet": FLAG.optional}

register("room.open", Command(OPENED, open_room, access.READ))
register("room.close", Command({"room": SLUG}, close_room))
register("message.post", Command(SPOKEN, post, POST))
register("message.edit", Command({**ONE_MESSAGE, "body": BODY}, by_service(edit), POST))
register("message.delete", Command({**ONE_MESSAGE, "reason": REASON.optional}, by_service(delete), POST))
register("reaction.add", Command({**ONE_MESSAGE, "emoji": EMOJI}, by_service(react), "rooms.add_reaction"))
register("reaction.remove", Command({**ONE_MESSAGE, "emoji": EMOJI}, by_service(unreact), "rooms.add_reaction"))
register("read.mark", Command({"room": SLUG, "seq": NUMBER}, by_service(mark_read), access.READ))
register("typing", Command({"room": SLUG}, typing, POST))
register("presence", Command({"room": SLUG}, who_is_here, access.READ))
register("ping", Command({}, ping))
