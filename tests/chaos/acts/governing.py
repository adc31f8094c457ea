"""What owners do to rooms and agents, and bob to conversations of his own; and cyd, who comes and goes."""

from __future__ import annotations

import asyncio
from typing import Any

from ..cast import AGENTS, ROOMS
from ..people import Person
from .looking import inspect
from .speaking import post, say

PATIENTLY = ["pause", "resume", "resume", "kick", "kick", "bring in", "bring in", "bring in", "unseat", "seat", "seat"]
OFTEN = [*PATIENTLY, "retire", "disable", "enable", "trigger", "conduct", "persona"]


async def govern(person: Person, room: str) -> None:
    if person.who != "ada":
        return await inspect(person, room)
    rng = person.rng
    what, agent = rng.choice(OFTEN), rng.choice(AGENTS)
    if what == "pause":
        await person.post(f"/rooms/{room}/agents/pause/", what, {"reason": "quiet"})
        await asyncio.sleep(rng.random() * 4)
        what = "resume"
    if what == "retire" and rng.random() > 0.08:  # there is no way back
        return None
    method, path, body = what_owners_ask(person, what, room, agent)
    await person.call(method, path, what, body)


def what_owners_ask(person: Person, what: str, room: str, agent: str) -> tuple[str, str, Any]:
    rng = person.rng
    conduct = {
        "coordination": rng.choice(["separate", "auto", "parallel"]),
        "approves_plans": rng.random() < 0.5,
        "whole_review": rng.random() < 0.3,
        "max_turns": rng.randint(3, 12),
    }
    trigger = rng.choice(["mention", "always", "useful", "reply"])
    asked: dict[str, tuple[str, str, Any]] = {
        "resume": ("POST", f"/rooms/{room}/agents/resume/", None),
        "kick": ("DELETE", f"/rooms/{room}/members/cyd/", None),
        "bring in": ("POST", f"/rooms/{room}/members/", {"username": "cyd", "role": "member"}),
        "unseat": ("DELETE", f"/rooms/{room}/agents/{agent}/", None),
        "seat": ("POST", f"/rooms/{room}/agents/", {"agent": agent, "trigger": trigger}),
        "trigger": ("PATCH", f"/rooms/{room}/agents/{agent}/", {"trigger": trigger}),
        "conduct": ("PATCH", f"/rooms/{room}/conduct/", conduct),
        "retire": ("DELETE", f"/agents/{agent}/", None),
        "disable": ("PATCH", f"/agents/{agent}/", {"enabled": False}),
        "enable": ("PATCH", f"/agents/{agent}/", {"enabled": True}),
        "persona": ("PATCH", f"/agents/{agent}/", {"persona": f"p {rng.random()}"}),
    }
    return asked[what]


async def keep_session(person: Person, room: str) -> None:
    """Begin a conversation with agents, speak in it, delete it and have it back."""
    if person.who != "bob":
        return await post(person, room)
    sessions, rng = person.town.sessions, person.rng
    what = rng.choice(["new", "delete", "restore", "direct", "together"])
    if what == "new" or not sessions:
        return await begin_session(person)
    slug = rng.choice(sessions[-3:])
    path = f"/api/chat/sessions/{slug}/"
    if what == "delete":
        await person.delete(path, "delete session")
        await asyncio.sleep(1)
    if what in ("delete", "restore"):
        await person.post(f"{path}restore/", "restore session")
    if what == "direct":
        await say(person, slug, f"{path}agents/{rng.choice(AGENTS)}/direct/")
    if what == "together":
        await say(person, slug, f"{path}multi-agent/", coordination="parallel")


async def begin_session(person: Person) -> None:
    response = await person.post("/api/chat/sessions/", "session", {"agents": person.rng.sample(AGENTS, 2)})
    if response is not None and response.status_code == 201:
        person.town.sessions.append(response.json()["id"])


async def leave(person: Person, room: str) -> None:
    if person.who != "cyd":
        return
    room = person.rng.choice(ROOMS)
    await person.post(f"/rooms/{room}/leave/", "leave")
    await asyncio.sleep(person.rng.random() * 2)
    await person.post(f"/rooms/{room}/join/", "join")
