"""What goes wrong: processes are killed or stand still, servers too, providers change their moods and limits."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random

import psycopg

from tests.faults.house import Process

from .town import WEBS, WORKERS, Town

Fault = Callable[[Town, Random], Awaitable[None]]


async def fall_over(process: Process, rng: Random) -> None:
    process.kill()
    await asyncio.sleep(rng.uniform(0.2, 4))
    process.start()


async def kill_worker(town: Town, rng: Random) -> None:
    await fall_over(town.house.processes[rng.choice(WORKERS)], rng)


async def kill_web(town: Town, rng: Random) -> None:
    await fall_over(town.house.processes[rng.choice(WEBS)], rng)


async def kill_relay(town: Town, rng: Random) -> None:
    await fall_over(town.house.processes["relay"], rng)


async def kill_beat(town: Town, rng: Random) -> None:
    await fall_over(town.house.processes["beat"], rng)


async def freeze_worker(town: Town, rng: Random) -> None:
    """For less than a lease, about as long, and for longer."""
    process = town.house.processes[rng.choice(WORKERS)]
    process.signal(signal.SIGSTOP)
    await asyncio.sleep(rng.choice([2, 12, 24]))
    process.signal(signal.SIGCONT)


async def freeze_redis(town: Town, rng: Random) -> None:
    redis = town.house.pair.redis.process
    redis.send_signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(1, 7))
    redis.send_signal(signal.SIGCONT)


async def kill_redis(town: Town, rng: Random) -> None:
    town.house.stop_redis()
    await asyncio.sleep(rng.uniform(0.2, 3))
    town.house.start_redis()


async def empty_redis(town: Town, rng: Random) -> None:
    with town.house.pair.redis.service.client() as client:
        client.flushall()


async def crash_postgres(town: Town, rng: Random) -> None:
    town.house.crash_postgres()
    await asyncio.sleep(rng.uniform(0.1, 3))
    town.house.start_postgres()


async def change_moods(town: Town, rng: Random) -> None:
    town.moods.change(rng)


async def change_limits(town: Town, rng: Random) -> None:
    few = [None, 1, 3]
    limits = (rng.choice(few), rng.choice(few), rng.random() < 0.85, rng.choice(["ma", "mb", "mc", "md", "mf"]))
    try:
        town.house.sql(
            "UPDATE agents_deployment SET concurrent_calls = %s, dollars_per_day = %s, enabled = %s WHERE name = %s",
            *limits,
        )
    except psycopg.Error as error:
        town.findings.tell("no limit was changed:", error)


FAULTS: dict[Fault, int] = {
    kill_worker: 2,
    freeze_worker: 2,
    change_moods: 2,
    change_limits: 1,
    kill_web: 1,
    kill_relay: 1,
    kill_beat: 1,
    freeze_redis: 1,
    kill_redis: 1,
    empty_redis: 1,
    crash_postgres: 1,
}


async def wreak(town: Town) -> None:
    """One after the other, each undone, until time is up."""
    rng = town.rng("faults")
    while not town.over.is_set():
        await asyncio.sleep(rng.uniform(3, 9))
        if town.over.is_set():
            return
        fault = rng.choices([*FAULTS], [*FAULTS.values()])[0]
        name = getattr(fault, "__name__", "?").replace("_", " ")
        town.findings.tell(name)
        town.findings.faults[name] += 1
        await fault(town, rng)
