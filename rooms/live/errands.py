"""The commands that are done by services, in threads: editing, taking back, marks, how far one has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import access, reading
from ..errors import Forbidden, NotAuthenticated, NotFound
from ..models import Message, Room, User
from ..services import messages, reactions
from .commands import BODY, EMOJI, MESSAGE_ID, NUMBER, POST, REASON, SLUG, Command, Ref, Said, register
from .principal import Principal
from .threads import in_thread

if TYPE_CHECKING:
    from .consumer import Socket


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
    user = person_of(principal)
    messages.edit_message(message=found, by=user, body=body)
    return as_read_by(user, found)


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
    return as_read_by(user, found)


def as_read_by(user: User, message: Message) -> dict[str, Any]:
    """What has become of a message, in the shape in which it is posted."""
    return reading.read_message(access.reader_in(user, message.room), message.pk)


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

register("message.edit", Command({**ONE_MESSAGE, "body": BODY}, by_service(edit), POST))
register("message.delete", Command({**ONE_MESSAGE, "reason": REASON.optional}, by_service(delete), POST))
register("reaction.add", Command({**ONE_MESSAGE, "emoji": EMOJI}, by_service(react), "rooms.add_reaction"))
register("reaction.remove", Command({**ONE_MESSAGE, "emoji": EMOJI}, by_service(unreact), "rooms.add_reaction"))
register("read.mark", Command({"room": SLUG, "seq": NUMBER}, by_service(mark_read), access.READ))
