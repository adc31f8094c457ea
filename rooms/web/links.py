from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class MessageLink:
    """What a floor above offers about a message: a page of its own. The view answers `?piece` with its inside alone,
    which scripts show in a dialog."""

    label: str
    icon: str
    url: str


def links_for(message: Mapping[str, Any]) -> list[MessageLink]:
    """What `MESSAGE_LINKS` offer about a message of the public contract, to all of its readers alike."""
    return [link for offer in offers() if (link := offer(message)) is not None]


@cache
def offers() -> tuple[Callable[[Mapping[str, Any]], MessageLink | None], ...]:
    """Kept, since a message is drawn for every frame; they may be called in an event loop, so they ask no database."""
    return tuple(import_string(name) for name in settings.MESSAGE_LINKS)
