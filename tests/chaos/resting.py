"""After the chaos: everything is mended, and everything that was under way has to come to an end by itself."""

from __future__ import annotations

import asyncio

from tests.waiting import eventually

from .cast import ROOMS
from .findings import Invariant
from .listening import Listener
from .people import Person
from .town import Town

LONGEST = 200.0
"""For what waits for people (they have gone) and for what a retry waits for."""
ALSO = 5.0
"""For what is tidied up after an end: places, pictures in Redis, words in logs."""
CATCHING_UP = 30.0
LIVE = """
    SELECT t.id::text, t.status, t.queued_at, (SELECT array_agg(s.kind || ' ' || s.status || ' ' || s.held)
      FROM agents_step s WHERE s.task_id = t.id) FROM agents_task t WHERE t.status IN ('waiting', 'running')"""
MEMBERS = """
    SELECT u.username, r.slug FROM rooms_membership m JOIN rooms_user u ON u.id = m.user_id
      JOIN rooms_room r ON r.id = m.room_id"""


async def come_to_rest(town: Town, listeners: list[Listener]) -> None:
    await mend(town)
    try:
        await eventually(lambda: at_rest(town), LONGEST)
    except AssertionError:
        town.findings.violated(Invariant.REST, under_way(town))
    town.findings.tell("at rest")
    await asyncio.sleep(ALSO)
    await hear_the_end(town, listeners)


async def mend(town: Town) -> None:
    town.house.mend()
    town.moods.calm()
    for name, process in town.house.processes.items():
        if process.popen is not None and (code := process.popen.poll()) is not None:
            town.findings.violated(Invariant.PROCESSES, name, "ended with", code)
            process.start()
    town.house.sql("UPDATE agents_deployment SET enabled = true")
    ada = Person(town, "ada", hand=-1)
    for room in ROOMS:
        await ada.post(f"/rooms/{room}/agents/resume/", "resume")
    await ada.leave()


async def at_rest(town: Town) -> bool:
    await asyncio.sleep(1)
    return not any(under_way(town))


def under_way(town: Town) -> tuple[list[tuple[object, ...]], int]:
    """Runs that have not ended, and how many events have not been told."""
    return town.house.sql(LIVE), town.house.sql("SELECT count(*) FROM rooms_event WHERE pending")[0][0]


async def hear_the_end(town: Town, listeners: list[Listener]) -> None:
    """Only those who may: who was sent out hears nothing more."""
    ends = dict(town.house.sql("SELECT slug, last_seq FROM rooms_room"))
    members = set(town.house.sql(MEMBERS))
    hearing = [one for one in listeners if one.room == "square" or (one.who, one.room) in members]

    def behind() -> list[str]:
        return [f"{one} at {one.seq} of {ends[one.room]}" for one in hearing if one.seq != ends[one.room]]

    try:
        await eventually(lambda: not behind(), CATCHING_UP)
    except AssertionError:
        town.findings.violated(Invariant.CAUGHT_UP, behind())
