"""What floors above add to the composer of a room, and what they keep with a message that is sent with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from ..models import Room, User
from ..services.messages import Posted, post_message

NOTHING = SafeString("")


@dataclass(frozen=True, slots=True)
class Part:
    """HTML for one person: `above` the box, for whoever reads along too; `beside` the button that sends, and `below`,
    for those who may speak. `keep` is called in the transaction of a message that was new; it may raise a RoomsError,
    and then nothing is kept."""

    above: SafeString = NOTHING
    beside: SafeString = NOTHING
    below: SafeString = NOTHING
    keep: Callable[[Posted], object] | None = None


def parts_for(room: Room, user: User, said: QueryDict) -> list[Part]:
    """What `COMPOSER_PARTS` add here. They see what was typed, to show it again; one that answers None adds nothing."""
    asked = (import_string(name)(room, user, said) for name in settings.COMPOSER_PARTS)
    return [part for part in asked if part is not None]


def post_with_parts(*, room: Room, author: User, said: QueryDict, **facts: object) -> Posted:
    """Post what a page without scripts sends, with all that its composer's parts keep of it. Raises any RoomsError."""
    parts = parts_for(room, author, said)
    with transaction.atomic():
        posted = post_message(room=room, author=author, **facts)  # type: ignore[arg-type]
        for part in parts if posted.created else ():
            if part.keep is not None:
                part.keep(posted)
    return posted
