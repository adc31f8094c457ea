"""What the house itself has to say in a room: by a user of the kind *system*, whose words wake nobody."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from .. import markup
from ..models import Message, Room, User
from .messages import lock_room, tell

NAME = "house"


@transaction.atomic
def say_as_house(
    *, room: Room, body: str, visible_to: Sequence[int] | None = None, thread: UUID | None = None
) -> Message:
    """One line, kept like any message and read by whoever may. Raises NotFound when the room is gone."""
    author = house()
    room = lock_room(room)
    message = Message.objects.create(
        room=room,
        seq=room.last_seq + 1,
        author=author,
        body=body,
        html=markup.render(body, []),
        visible_to=None if visible_to is None else sorted({*visible_to, author.pk}),
        thread_id=thread,
    )
    tell(message, "message.posted", author)
    return message


def house() -> User:
    """The system's own user, made when it is first needed. Should somebody have its name already, it takes another."""
    found = User.objects.filter(kind=User.Kind.SYSTEM).order_by("pk").first()
    if found is not None:
        return found
    taken = set(User.objects.filter(username__startswith=NAME).values_list("username", flat=True))
    names = [NAME, *(f"{NAME}-{number}" for number in range(1, len(taken) + 1))]
    name = next(each for each in names if each not in taken)
    made, _ = User.objects.get_or_create(
        username=name, defaults={"kind": User.Kind.SYSTEM, "display_name": "chatroom", "password": "!"}
    )
    return made
