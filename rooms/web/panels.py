from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.module_loading import import_string

from ..models import Room, User


@dataclass(frozen=True, slots=True)
class Panel:
    """What a floor above adds to the pages of a room: a page of its own, and a few words under members' names.

    `begin` is the link that leads there while nobody has such words yet, for those who may give them some.
    """

    label: str
    url: str
    notes: Mapping[str, str] = field(default_factory=dict)
    begin: str = ""


@dataclass(frozen=True, slots=True)
class HousePage:
    """What a floor above has besides rooms: a page of its own, linked beside them."""

    label: str
    icon: str
    url: str


def pages_for(user: User) -> list[HousePage]:
    """What `HOUSE_PAGES` offer this person. They ask no database: every page names them."""
    asked = (import_string(name)(user) for name in settings.HOUSE_PAGES)
    return [found for found in asked if found is not None]


def panels_for(room: Room, user: User) -> list[Panel]:
    """What `ROOM_PANELS` has to say to this person. A panel that answers None has nothing for them."""
    asked = (import_string(name)(room, user) for name in settings.ROOM_PANELS)
    return [panel for panel in asked if panel is not None]


def notes_of(panels: list[Panel]) -> dict[str, str]:
    return {name: words for panel in panels for name, words in panel.notes.items()}
