"""What people do, and how often: each takes somebody and a room."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

from ..cast import ROOMS
from ..findings import Invariant
from ..people import Person
from . import governing, looking, speaking, steering

Act = Callable[[Person, str], Awaitable[None]]

ACTS: dict[Act, int] = {
    speaking.post: 18,
    speaking.ask: 9,
    speaking.edit: 4,
    speaking.branch: 3,
    speaking.withdraw: 3,
    speaking.redact: 3,
    speaking.react: 3,
    steering.decide: 10,
    steering.cancel: 3,
    steering.cancel_step: 3,
    steering.retry: 4,
    steering.retry_step: 4,
    steering.regenerate: 4,
    steering.flip: 4,
    steering.speak: 2,
    looking.inspect: 10,
    governing.govern: 7,
    governing.keep_session: 5,
    governing.leave: 2,
}
PAUSE = {"gus": 4.0}


async def live(person: Person) -> None:
    """One thing after the other, until time is up."""
    await asyncio.sleep(person.rng.random() * 2)
    while not person.town.over.is_set():
        try:
            await act(person)
        except Exception:
            person.town.findings.violated(Invariant.CHAOS, person.who, traceback.format_exc()[-800:])
        await asyncio.sleep(person.rng.expovariate(1 / PAUSE.get(person.who, 1.2)))


async def act(person: Person) -> None:
    rooms = [*ROOMS, *(person.town.sessions[-2:] if person.who == "bob" else [])]
    room = person.rng.choice(rooms)
    chosen = person.rng.choices([*ACTS], [*ACTS.values()])[0]
    person.town.findings.done[getattr(chosen, "__name__", "?")] += 1
    await chosen(person, room)
