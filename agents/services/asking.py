"""Saying something together with how it is to be answered: by whom alone, or how several work on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from rooms.models import Room, User
from rooms.services.messages import post_message
from rooms.services.posting import Posted

from ..models import Agent, Coordination, Wish


def ask(
    room: Room,
    by: User,
    body: object,
    coordination: str = "",
    *,
    agents: Sequence[Agent] = (),
    client_id: str = "",
) -> Posted:
    """Post a message and, in one transaction with it, what its author wishes: whoever is woken by it finds both.

    Empty `agents` are those that would answer anyway, an empty `coordination` is the room's own. Sent again under its
    `client_id` it keeps the wish it had. The caller has asked for `rooms.ask_agent`.
    """
    with transaction.atomic():
        posted = post_message(room=room, author=by, body=body, client_id=client_id)
        if posted.created and (coordination or agents):
            Wish.objects.create(
                message_id=posted.message["id"],
                coordination=Coordination(coordination) if coordination else "",
                agents=[agent.pk for agent in agents],
            )
    return posted
