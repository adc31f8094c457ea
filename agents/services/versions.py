"""What an agent was: kept with each change, compared, and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rooms.errors import NotFound
from rooms.models import User

from ..models import Agent, AgentVersion
from ..registry.facts import FOR_ITS_EDITORS, VERSIONED, snapshot_of


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two versions."""

    field: str
    before: Any
    after: Any


def keep_version(agent: Agent, by: User | None, note: str = "") -> AgentVersion:
    """What it is now, under its present number. Wants to be in the transaction of the change."""
    return AgentVersion.objects.create(
        agent=agent, number=agent.version, snapshot=snapshot_of(agent), made_by=by, note=note[:280]
    )


def keep_what_is(agent: Agent, by: User | None, note: str = "") -> None:
    """The same, unless there is one of that number: before a change, of an agent that was made without."""
    facts = {"snapshot": snapshot_of(agent), "made_by": by, "note": note}
    AgentVersion.objects.get_or_create(agent=agent, number=agent.version, defaults=facts)


def version_of(agent: Agent, number: int) -> AgentVersion:
    """Raises NotFound."""
    found = AgentVersion.objects.select_related("made_by").filter(agent=agent, number=number).first()
    if found is None:
        raise NotFound
    return found


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """In the order in which an agent is shown; what one of them did not know yet counts as nothing."""
    for name in VERSIONED:
        if before.get(name) != after.get(name):
            yield Change(name, before.get(name), after.get(name))


def shown(snapshot: Mapping[str, Any], *, to_editor: bool) -> dict[str, Any]:
    """As its reader may know it: how it is told and tuned is for those who may change it."""
    return {name: value for name, value in snapshot.items() if to_editor or name not in FOR_ITS_EDITORS}
