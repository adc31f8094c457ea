from __future__ import annotations

import logging
from contextlib import suppress

from rooms.errors import Conflict, RoomsError
from rooms.services.messages import post_message

from ..models import Seat

log = logging.getLogger(__name__)

ONCE = "greeting"
"""The `client_id` of a greeting: the table of messages itself knows that there was one already."""


def greet(seat: Seat) -> None:
    """What an agent says of itself when it first comes into a room; it may come again, and says nothing more."""
    agent = seat.agent
    if not agent.greeting:
        return
    try:
        with suppress(Conflict):
            post_message(room=seat.room, author=agent.user, body=agent.greeting, client_id=ONCE)
    except RoomsError as error:  # a gate would not have it; the agent is welcome all the same
        log.warning("the greeting of %s was not said: %s", agent, error.code)
