"""Who pays for a step, and on which accounts that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from rooms.models import User

from ..models import Step, Task


def payer_of(task: Task) -> User | None:
    """The person who set this going, also for all that agents then say to one another. Whoever asks for an answer again
    pays for that one: nobody spends what is another's by pressing a button."""
    return task.requester


class Key(NamedTuple):
    scope: str
    key: str


class Default(NamedTuple):
    """An account that the settings ask for."""

    scope: str
    key: str
    period: str
    limit: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """The accounts that one call counts on."""

    payer_id: int | None
    guest: bool
    room_id: int
    agent_id: int
    chain: str

    @classmethod
    def by(cls, step: Step) -> Concerned:
        task, payer = step.task, payer_of(step.task)
        return cls(
            payer_id=payer.pk if payer else None,
            guest=payer is not None and payer.kind == User.Kind.GUEST,
            room_id=task.room_id,
            agent_id=step.agent_id or task.agent_id,
            chain=str(task.root_message_id or task.pk),
        )

    @property
    def keys(self) -> list[Key]:
        own = [Key("room", str(self.room_id)), Key("agent", str(self.agent_id)), Key("chain", self.chain)]
        return [*own, Key("person", str(self.payer_id))] if self.payer_id is not None else own

    def defaults(self) -> list[Default]:
        """What the settings limit. The chain's limit is the room's own; see `Conduct`."""
        found = [
            Default(key.scope, key.key, period, limit)
            for key in self.keys
            for period, limit in limits_of(key.scope, guest=self.guest)
        ]
        return sorted(found)


def limits_of(scope: str, *, guest: bool = False) -> list[tuple[str, int]]:
    """Period and limit of each account that everybody of this scope has. Zero in the settings is no limit."""
    given = {
        "person": [
            ("day", settings.GUEST_BUDGET_MICROS_PER_DAY if guest else settings.PERSON_BUDGET_MICROS_PER_DAY),
            ("month", settings.PERSON_BUDGET_MICROS_PER_MONTH),
        ],
        "room": [("day", settings.ROOM_BUDGET_MICROS_PER_DAY)],
        "agent": [("day", settings.AGENT_BUDGET_MICROS_PER_DAY)],
    }
    return [(period, limit) for period, limit in given.get(scope, []) if limit]
