"""Saying something, saying it otherwise, and taking it back."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any

from ..cast import AGENTS, PEOPLE
from ..doors import acknowledged, by_page, by_rest, by_socket
from ..people import Person
from ..words import Sent, new_mark

PATTERNS = ["sequential", "parallel", "hierarchical", "collaborative", "auto", "separate"]


async def post(person: Person, room: str) -> None:
    """By any door, sometimes in reply or to a few only; now and then by two doors at once."""
    rng = person.rng
    hidden = rng.sample([who for who in [*PEOPLE, *AGENTS[:3]] if who not in (person.who, "eve")], 2)
    message = new_message(person, room, hidden if rng.random() < 0.2 else None)
    if rng.random() < 0.2 and (found := await person.some_message(room)):
        message["reply_to"] = found["id"]
    path = f"/rooms/{room}/messages/"
    rest, socket = by_rest(person, path, message), by_socket(person, room, message)
    if rng.random() < 0.15:
        return await insist(person, path, message, rest, socket)
    door = rng.choice(["rest", "socket", "page"])
    if door == "page" and "visible_to" not in message and person.who != "eve":
        unused, ways = [rest, socket], [by_page(person, room, message)]
    else:
        unused, ways = ([rest], [socket]) if door == "socket" else ([socket], [rest])
    for way in unused:
        way.close()
    await insist(person, path, message, *ways)


async def ask(person: Person, room: str) -> None:
    rng = person.rng
    wish = {
        "coordination": rng.choice(PATTERNS),
        "agents": rng.sample(AGENTS, rng.randint(2, 4)),
        "approves_plans": rng.random() < 0.4,
        "reviewed": rng.random() < 0.3,
    }
    await say(person, room, f"/rooms/{room}/ask/", **wish)


async def say(person: Person, room: str, path: str, **more: Any) -> None:
    """By a path of its own, sometimes twice at once."""
    message = {**new_message(person, room, None), **more}
    times = 2 if person.rng.random() < 0.15 else 1
    await insist(person, path, message, *(by_rest(person, path, message) for _ in range(times)))


def new_message(person: Person, room: str, visible_to: list[str] | None) -> dict[str, Any]:
    rng = person.rng
    mark, client_id = new_mark(rng), uuid.UUID(int=rng.getrandbits(128)).hex
    named = " ".join(f"@{name}" for name in rng.sample(AGENTS, rng.choice([0, 0, 1, 1, 2, 3])))
    phrase = rng.choice(["hello", "tea please", "what now", "why so"])
    body = f"{named} {phrase} {mark} {rng.randint(0, 99)}".strip()
    readers = None if visible_to is None else sorted({*visible_to, person.who})
    person.town.said.about_to(client_id, Sent(person.who, room, body, mark, readers))
    return {"body": body, "client_id": client_id, **({"visible_to": visible_to} if visible_to else {})}


async def insist(person: Person, path: str, message: dict[str, Any], *ways: Awaitable[object]) -> None:
    """Say it again with the same client id while nobody answers, as our own client does."""
    done = await asyncio.gather(*ways)
    for _ in range(4):
        if any(each is not None for each in done):
            return
        await asyncio.sleep(person.rng.random() * 3)
        done = [await by_rest(person, path, message)]


async def edit(person: Person, room: str) -> None:
    if not person.mine:
        return
    message, mark = person.rng.choice(person.mine[-6:]), new_mark(person.rng)
    person.town.said.edited(message, mark)
    await person.call("PATCH", f"/messages/{message}/", "edit", {"body": f"edited {mark}"})


async def branch(person: Person, room: str) -> None:
    if not person.mine:
        return
    said, origin = person.town.said, person.rng.choice(person.mine[-6:])
    old, mark, client_id = said.by_id[origin], new_mark(person.rng), uuid.UUID(int=person.rng.getrandbits(128)).hex
    body = f"in other words {mark}"
    said.about_to(client_id, Sent(person.who, old.room, body, mark, old.visible_to))
    response = await person.post(f"/messages/{origin}/branch/", "branch", {"body": body, "client_id": client_id})
    if response is not None and response.status_code in (200, 201):
        acknowledged(person, client_id, response.json())


async def withdraw(person: Person, room: str) -> None:
    if person.mine:
        await person.delete(f"/messages/{person.rng.choice(person.mine[-5:])}/", "withdraw")


async def redact(person: Person, room: str) -> None:
    if person.who in ("ada", "mod") and (message := await person.some_message(room)):
        await person.delete(f"/messages/{message['id']}/", "redact")


async def react(person: Person, room: str) -> None:
    if message := await person.some_message(room):
        method = person.rng.choice(["POST", "POST", "DELETE"])
        await person.call(method, f"/messages/{message['id']}/reactions/👍/", "react")
