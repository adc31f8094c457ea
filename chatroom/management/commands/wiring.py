"""Print who is asked and who is told, resolved: the short lists of the settings are the architecture diagram."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from celery import Task
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

HEADINGS = {
    "AUTHENTICATION_BACKENDS": "may they? first refusal or first yes wins",
    "MESSAGE_GATES": "asked before a message is kept",
    "EVENT_HANDLERS": "told after the commit",
    "STEP_GATES": "asked before a step of an agent runs",
    "REPLY_GATES": "asked of every window of an agent's text before anyone sees it",
    "AGENT_CONTEXT": "what an agent is told, in this order",
    "AGENT_TOOLS": "what agents may be allowed to do besides talking",
    "RELAY_CHORES": "done by the relay each five seconds, also when no worker lives",
    "ROOM_PANELS": "what floors above add to the pages of a room",
    "COMPOSER_PARTS": "what floors above add to where one writes, and keep with what is sent",
    "HOUSE_PAGES": "what floors above have besides rooms",
    "LLM_BACKEND": "who answers for the agents",
    "MESSAGE_LINKS": "what floors above offer about a message",
    "PERSON_USAGE": "what a person is told they have used",
}


class Command(BaseCommand):
    help = (
        "Print the lists that wire the house, each name resolved to the code behind it. Fails if one does not resolve."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for setting, sentence in HEADINGS.items():
            self.stdout.write(f"{self.style.MIGRATE_HEADING(setting)}  {sentence}")
            for line in lines_of(getattr(settings, setting)):
                self.stdout.write(f"    {line}")
            self.stdout.write("")


def lines_of(wired: str | Sequence[str] | dict[str, Sequence[str]]) -> Iterator[str]:
    if isinstance(wired, dict):
        for event, names in wired.items():
            yield from (f"{event} → {described(name)}" for name in names)
    else:
        names = [wired] if isinstance(wired, str) else wired
        yield from map(described, names)


def described(name: str) -> str:
    """The name, where it is defined, and below it the first line of what it says about itself."""
    found = import_string(name)
    code = inspect.unwrap(found.run if isinstance(found, Task) else found)
    summary = (inspect.getdoc(code) or "").partition("\n")[0]
    return f"{name}  ({place_of(code)})" + (f"\n        {summary}" if summary else "")


def place_of(code: Any) -> str:
    """`file:line`, from the root of the checkout or of the installed package."""
    path, line = inspect.getfile(code), inspect.getsourcelines(code)[1]
    installed = path.partition("/site-packages/")[2]
    return f"{installed or Path(path).relative_to(settings.BASE_DIR)}:{line}"
