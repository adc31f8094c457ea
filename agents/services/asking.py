"""Saying something together with how it is to be answered: by whom alone, or how several work on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from rooms.models import Room, User
from rooms.services.messages import Posted, post_message

from ..models import Coordination, Wish


def ask(
    *,
    room: Room,
    by: User,
    body: object,
    coordination: str = Coordination.SEPARATE,
    agents: Sequence[str] | None = None,
    client_id: str = "",
) -> Posted:
    """Post a message and, in one transaction with it, what its author wishes: whoever is woken by it finds both.

    `agents` are usernames; none are those that would answer anyway. Sent again under its `client_id` it keeps the wish
    it had. The caller has asked for `rooms.ask_agent`.
    """
    with transaction.atomic():
        posted = post_message(room=room, author=by, body=body, client_id=client_id)
        if posted.created:
            Wish.objects.create(message_id=posted.message["id"], coordination=coordination, agents=list(agents or ()))
    return posted
