"""Stopping what agents do, having it done again, and deciding what they ask."""

from __future__ import annotations

import asyncio
from typing import Any

from ..cast import AGENTS
from ..people import Person


async def cancel(person: Person, room: str) -> None:
    await to_a_run(person, room, "cancel")


async def retry(person: Person, room: str) -> None:
    await to_a_run(person, room, "retry")


async def speak(person: Person, room: str) -> None:
    await to_a_run(person, room, "speak")


async def to_a_run(person: Person, room: str, verb: str) -> None:
    if run := await person.some_run(room):
        await person.post(f"/runs/{run['id']}/{verb}/", verb)


async def cancel_step(person: Person, room: str) -> None:
    await to_a_step(person, room, "cancel")


async def retry_step(person: Person, room: str) -> None:
    await to_a_step(person, room, "retry")


async def to_a_step(person: Person, room: str, verb: str) -> None:
    if (run := await person.some_run(room)) and run["steps"]:
        step = person.rng.choice(run["steps"])
        await person.post(f"/runs/{run['id']}/steps/{step['id']}/{verb}/", f"{verb} step")


async def regenerate(person: Person, room: str) -> None:
    if (run := await person.some_run(room)) and run["message"]:
        by = {} if person.rng.random() < 0.5 else {"agent": person.rng.choice(AGENTS)}
        await person.post(f"/messages/{run['message']}/regenerate/", "regenerate", by)


async def flip(person: Person, room: str) -> None:
    if (run := await person.some_run(room)) and run["disputes"]:
        dispute, chosen = person.rng.choice(run["disputes"]), person.rng.choice(["agree", "disagree"])
        await person.post(f"/disputes/{dispute['id']}/flip/", "flip", {"chosen": chosen})
        await person.post(f"/runs/{run['id']}/speak/", "speak")


async def decide(person: Person, room: str) -> None:
    """Whatever waits for people: tools and plans, sometimes with two answers at once."""
    waiting = await person.get(f"/rooms/{room}/approvals/", "approvals")
    for approval in (waiting or {"results": []})["results"][:2]:
        path = f"/approvals/{approval['id']}/"
        said = [{"decision": person.rng.choice(["approve", "approve", "deny"])} for _ in range(times(person))]
        await asyncio.gather(*(person.post(path, "decide", each) for each in said))
    runs = await person.get(f"/rooms/{room}/runs/?limit=10", "runs")
    for run in [run for run in (runs or {"results": []})["results"] if may_have_a_plan(run)][:2]:
        await decide_plan(person, f"/runs/{run['id']}/plan/")


def may_have_a_plan(run: dict[str, Any]) -> bool:
    return bool(run["status"] == "running" and run["pattern"] in ("hierarchical", "auto"))


async def decide_plan(person: Person, path: str) -> None:
    plan = await person.get(path, "plan")
    if not plan or not plan["steps"]:
        return
    said: dict[str, Any] = {"decision": person.rng.choice(["approve", "edit", "refuse", "approve"])}
    if said["decision"] == "edit":
        said["steps"] = [{**step, "needs": []} for step in plan["steps"][:2]]
    await asyncio.gather(*(person.post(path, "decide plan", said) for _ in range(times(person))))


def times(person: Person) -> int:
    return person.rng.randint(1, 2)
