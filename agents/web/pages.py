from __future__ import annotations

from django.urls import reverse

from rooms.models import User
from rooms.web.panels import HousePage


def registry(user: User) -> HousePage | None:
    """The agents somebody may use, for `HOUSE_PAGES`."""
    return HousePage("Agents", "agent", reverse("agents")) if user.kind == User.Kind.HUMAN else None


def conversations(user: User) -> HousePage | None:
    """What somebody talks about with agents alone, likewise."""
    return HousePage("Conversations", "talk", reverse("chat")) if user.kind == User.Kind.HUMAN else None
