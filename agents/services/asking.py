"""Saying something together with how it is to be answered: by whom alone, or how several work on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from rooms.errors import Invalid
from rooms.models import Room, User
from rooms.services.messages import Posted, post_message

from ..models import Coordination, Seat, Wish

MOST = 8


def ask(
    *,
    room: Room,
    by: User,
    body: object,
    coordination: str = Coordination.SEPARATE,
    agents: Sequence[str] | None = None,
    reviewed: bool = False,
    client_id: str = "",
) -> Posted:
    """Say something and say how it is to be answered: by whom, and how they go about it. The wish is there as soon as
    the message is. Sent again under its `client_id`, it gives the first message, and the first wish counts."""
    names = names_of(room, agents or ())
    if coordination not in Coordination.values:
        raise Invalid(fields={"coordination": [f"One of {', '.join(Coordination.values)}."]})
    with transaction.atomic():
        posted = post_message(room=room, author=by, body=body, client_id=client_id)
        if posted.created:
            Wish.objects.create(
                message_id=posted.message["id"], coordination=coordination, agents=names, reviewed=reviewed
            )
    return posted


def names_of(room: Room, agents: Sequence[str]) -> list[str]:
    """Each once, in this order. Raises Invalid for one that has no seat here, or for too many."""
    names = list(dict.fromkeys(name.strip().removeprefix("@").lower() for name in agents))
    if len(names) > MOST:
        raise Invalid(fields={"agents": [f"At most {MOST}."]})
    found = Seat.objects.filter(room=room, agent__user__username__in=names)
    seated = set(found.values_list("agent__user__username", flat=True))
    if strange := [name for name in names if name not in seated]:
        raise Invalid(fields={"agents": [f"{strange[0]} is no agent of this room."]})
    return names
