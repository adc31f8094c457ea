"""The runs of this process, watched together: one look for all of them each half second, one heartbeat each five.

A run learns here that somebody stopped it, that question or answer was taken back, that its agent or who asked left the
room, or that its lease is lost. The heartbeat keeps what was said so far in the message, so that a killed worker leaves
its words behind even without Redis. The leases themselves are extended elsewhere (`keeping`).
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from typing import Protocol
from uuid import UUID

from rooms import db
from rooms.errors import RoomsError

from .claims import HEARTBEAT, Lease, keys_of

log = logging.getLogger(__name__)

LOOK = 0.5
LOST = "lost"
"""Somebody else has ended this step: the run stops and writes nothing."""

# The words are those of `Reason`, and LOST.
STOPPED = """
    SELECT mine.step, CASE
        WHEN s.id IS NULL OR s.fence <> mine.fence OR s.status <> 'running' THEN 'lost'
        WHEN coalesce(t.cancel_requested_at, s.cancel_requested_at) IS NOT NULL THEN 'cancelled'
        WHEN r.deleted_at IS NOT NULL OR t.seat_id IS NULL OR NOT g.enabled OR x.id IS NULL THEN 'unseated'
        WHEN c.paused_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM waffle_flag f
             WHERE f.everyone IS FALSE AND f.name IN ('agent-replies', 'agent:' || u.username)
        ) THEN 'paused'
        WHEN p.id IS NULL OR NOT p.is_active OR NOT p.is_superuser AND NOT EXISTS (
            SELECT 1 FROM rooms_membership y WHERE y.room_id = t.room_id AND y.user_id = p.id) THEN 'departed'
        WHEN m.state <> 'writing' OR q.state IN ('redacted', 'withdrawn') OR q.id IS NULL AND t.slot IS NULL
            THEN 'recalled'
        END
      FROM unnest(%(steps)s::uuid[], %(fences)s::int[]) AS mine(step, fence)
      LEFT JOIN agents_step s ON s.id = mine.step
      LEFT JOIN agents_task t ON t.id = s.task_id
      LEFT JOIN agents_agent g ON g.id = coalesce(s.agent_id, t.agent_id)
      LEFT JOIN rooms_user u ON u.id = g.user_id
      LEFT JOIN agents_conduct c ON c.room_id = t.room_id
      LEFT JOIN rooms_room r ON r.id = t.room_id
      LEFT JOIN rooms_user p ON p.id = t.requester_id
      LEFT JOIN rooms_membership x ON x.room_id = t.room_id AND x.user_id = g.user_id
      LEFT JOIN rooms_message m ON m.id = t.reply_id
      LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
"""

SAVE = """
    UPDATE rooms_message m SET body = said.body
      FROM unnest(%(messages)s::uuid[], %(bodies)s::text[], %(steps)s::uuid[], %(fences)s::int[])
           AS said(message, body, step, fence)
      JOIN agents_step s ON s.id = said.step AND s.fence = said.fence AND s.status = 'running'
     WHERE m.id = said.message AND m.state = 'writing'
"""


class Watched(Protocol):
    """What the watch knows of a run."""

    step_id: UUID
    fence: int
    lease: Lease

    @property
    def message_id(self) -> UUID | None: ...

    @property
    def shown(self) -> str: ...

    def stop(self, why: str) -> None: ...


class Watch:
    """Of one event loop. Runs while there is something to watch."""

    def __init__(self) -> None:
        self.runs: dict[UUID, Watched] = {}
        self._saved: dict[UUID, int] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, run: Watched) -> None:
        self.runs[run.step_id] = run
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._go_on())

    def remove(self, run: Watched) -> None:
        self.runs.pop(run.step_id, None)
        self._saved.pop(run.step_id, None)

    def stop_all(self, why: str) -> None:
        for run in list(self.runs.values()):
            run.stop(why)

    async def _go_on(self) -> None:
        beat = time.monotonic() + HEARTBEAT
        while self.runs:
            await asyncio.sleep(LOOK)
            due = time.monotonic() >= beat
            try:
                await self._look()
                await self._save([run for run in self.runs.values() if due or self._unsaved(run)])
                if due:
                    beat = time.monotonic() + HEARTBEAT
            except RoomsError as error:
                log.warning("runs cannot be watched over: %s", error)
            except Exception:
                log.exception("watching over the runs failed")
            self._drop_the_lost()

    def _unsaved(self, run: Watched) -> bool:
        """First words are kept at once, the rest with the heartbeats."""
        return run.step_id not in self._saved and bool(run.shown)

    def _drop_the_lost(self) -> None:
        """A process that slept, or lost its database, for longer than its leases must not say another word."""
        for run in list(self.runs.values()):
            if run.lease.is_over:
                run.stop(LOST)

    async def _look(self) -> None:
        runs = list(self.runs.values())
        if not runs:
            return
        for step_id, why in await db.fetch(STOPPED, keys_of(runs), again=True):
            if why is not None and step_id in self.runs:
                self.runs[step_id].stop(why)

    async def _save(self, runs: list[Watched]) -> None:
        bodies = {run.step_id: run.shown for run in runs}
        grown = [run for run in runs if run.message_id and len(bodies[run.step_id]) > self._saved.get(run.step_id, 0)]
        if not grown:
            return
        said = {"messages": [run.message_id for run in grown], "bodies": [bodies[run.step_id] for run in grown]}
        await db.execute(SAVE, said | keys_of(grown))
        self._saved.update({run.step_id: len(bodies[run.step_id]) for run in grown})


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = weakref.WeakKeyDictionary()


def watch() -> Watch:
    """The watch of the running loop."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())


def stop_here(why: str) -> None:
    """End all runs of this process, from any thread."""
    for loop, watch in list(_watches.items()):
        loop.call_soon_threadsafe(watch.stop_all, why)
