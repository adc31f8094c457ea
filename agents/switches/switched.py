"""What keeps an agent from answering besides its room's own switch: it is switched off itself, or a flag says so.

Who did it and why is read from the audit and from the flag's note.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditlog.models import LogEntry
from django.db.models import Model
from waffle.models import Flag

from rooms.models import User

from ..models import Agent
from . import flags

NOTE = 200


def switched_off(agents: Iterable[Agent], reader: User) -> dict[int, str]:
    """By agent, what is to be said of it; whoever answers this reader is not in it. The flags are read anew: whoever
    looks has mostly just been told that they changed."""
    known = flags.read()
    found = {one.pk: reason(one, reader, known) for one in agents}
    return {pk: said for pk, said in found.items() if said}


def reason(agent: Agent, reader: User, known: flags.Read) -> str:
    if not agent.enabled:
        return by_whom("switched off", agent, "enabled")
    flag = flags.refusing(agent.user.username, reader, known)
    if flag is None:
        return ""
    note = " ".join(flag.note.split())[:NOTE]
    return ": ".join(filter(None, [by_whom(what_it_does(flag), flag, "everyone"), note]))


def what_it_does(flag: Flag) -> str:
    if flag.everyone is None:
        return "not switched on for you"
    return "switched off with all agents" if flag.name == flags.ALL else "switched off"


def by_whom(words: str, thing: Model, field: str) -> str:
    who = who_changed(thing, field)
    return f"{words} by @{who}" if who else words


def who_changed(thing: Model, field: str) -> str:
    """The last of whom the audit tells; nobody where it was done without a person, as by a script."""
    entries = LogEntry.objects.get_for_object(thing).filter(changes__has_key=field)
    last = entries.select_related("actor").order_by("-timestamp", "-id").first()
    return last.actor.username if last and last.actor else ""
