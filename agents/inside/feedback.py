"""What people think of answers, as far as somebody may know: everybody their own, moderators and staff all of it."""

from __future__ import annotations

from dataclasses import dataclass

from rooms.models import Message, User

from ..models import Feedback

MODERATE = "rooms.moderate_message"


@dataclass(frozen=True, slots=True)
class Opinions:
    """`all` is None for those who may know only their own."""

    mine: Feedback | None
    all: list[Feedback] | None


def opinions_of(message: Message, user: User) -> Opinions:
    given = Feedback.objects.filter(message=message).select_related("user")
    mine = given.filter(user=user).first()
    return Opinions(mine, list(given) if user.has_perm(MODERATE, message.room) else None)
