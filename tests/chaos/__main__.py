"""`python -m tests.chaos --seed 1 --seconds 60`: live through it, and say which invariants held."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

from .acts import live
from .cast import PEOPLE
from .faults import wreak
from .findings import Findings, Invariant
from .invariants import check
from .listening import everybody
from .people import Person
from .report import keep, report
from .resting import come_to_rest
from .town import Town, founded

HANDS = {"gus": 1}
LAST_FAULT = 60.0
AFTERWARDS = 360.0
"""For the last fault, for coming to rest and for asking: then it is ended, whatever it is doing."""
TIMES_TOLD = 10
BY_HAND = 130


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--seconds", type=float, default=60, help="how long people and faults go on")
    options = parser.parse_args()
    for ended_by in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs would not hear the first
        signal.signal(ended_by, signal.default_int_handler)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the upstream speaks to workers that are no more
    findings = Findings()
    folder = Path("var/chaos").resolve() / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{options.seed}"
    stopped = run(options.seed, options.seconds, findings, folder)
    said = report(findings)
    keep(findings, said, folder)
    print(f"{said}\n\nSeed {options.seed}; logs, answers and violations are in {folder}", flush=True)
    return BY_HAND if stopped else int(bool(findings.violations))


def run(seed: int, seconds: float, findings: Findings, folder: Path) -> bool:
    """Whether it was stopped by hand. Everything is ended when this returns."""
    try:
        with founded(seed, findings, folder) as town:
            findings.tell("the house is up")
            asyncio.run(bounded(town, seconds))
    except KeyboardInterrupt:
        findings.unasked.update(dict.fromkeys(Invariant, "it was stopped before"))
        return True
    return False


async def bounded(town: Town, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds + AFTERWARDS):
            await survive(town, seconds)
    except TimeoutError:
        town.findings.violated(Invariant.REST, "not within", AFTERWARDS, "seconds")


async def survive(town: Town, seconds: float) -> None:
    listeners = everybody(town)
    listening = [asyncio.create_task(listener.listen()) for listener in listeners]
    try:
        await go_on(town, seconds)
        await come_to_rest(town, listeners)
    finally:
        await end(listening)
    check(town, listeners)


async def go_on(town: Town, seconds: float) -> None:
    """People live and faults come for so long. The last fault is undone before anybody goes."""
    people = [Person(town, who, hand) for who in PEOPLE for hand in range(HANDS.get(who, 3))]
    living = [asyncio.create_task(live(person)) for person in people]
    wreaking = asyncio.create_task(wreak(town))
    try:
        await asyncio.sleep(seconds)
        town.over.set()
        town.findings.tell("time is up")
        await asyncio.wait_for(wreaking, LAST_FAULT)
    finally:
        await end([wreaking, *living])
    for person in people:
        await person.leave()


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """Told more than once: who is being cut off by a server in that moment may take the first for a part of it."""
    for _ in range(TIMES_TOLD):
        living = [task for task in tasks if not task.done()]
        for task in living:
            task.cancel()
        if living:
            await asyncio.wait(living, timeout=1)


if __name__ == "__main__":
    sys.exit(main())
