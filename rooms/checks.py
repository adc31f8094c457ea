"""A typing slip in the wiring stops the start, not a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

LISTS = (
    "MESSAGE_GATES",
    "STEP_GATES",
    "REPLY_GATES",
    "AGENT_CONTEXT",
    "AGENT_TOOLS",
    "PERSON_USAGE",
    "RELAY_CHORES",
    "ROOM_PANELS",
    "COMPOSER_PARTS",
    "HOUSE_PAGES",
    "MESSAGE_LINKS",
)


def wired_names() -> Iterator[tuple[str, str]]:
    """(where it stands in the settings, dotted name) of all that is wired by name."""
    for backend in settings.AUTHENTICATION_BACKENDS:
        yield "AUTHENTICATION_BACKENDS", backend
    for setting in LISTS:
        for name in getattr(settings, setting):
            yield setting, name
    for event, names in settings.EVENT_HANDLERS.items():
        for name in names:
            yield f"EVENT_HANDLERS[{event}]", name
    yield "LLM_BACKEND", settings.LLM_BACKEND


@register
def wiring(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """rooms.E001: a wired name does not resolve. rooms.E002: a handler is not a Celery task."""
    problems: list[CheckMessage] = []
    for setting, name in wired_names():
        try:
            found = import_string(name)
        except ImportError as error:
            problems.append(
                Error(
                    f"{setting} names {name}, which does not resolve: {error}",
                    id="rooms.E001",
                )
            )
            continue
        if setting.startswith("EVENT_HANDLERS") and not hasattr(found, "delay"):
            problems.append(
                Error(
                    f"{setting} names {name}, which is not a Celery task.",
                    id="rooms.E002",
                )
            )
    return problems
