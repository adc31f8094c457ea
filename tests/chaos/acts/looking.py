"""Looking at what there is, by the API and on pages."""

from __future__ import annotations

from ..people import Person

PAGES = ("", "runs/", "agents/", "uses/")


async def inspect(person: Person, room: str) -> None:
    chance = person.rng.random()
    if chance < 0.4:
        return await look_at_a_message(person, room)
    if chance < 0.7:
        return await look_at_a_run(person, room)
    await look_at_the_room(person, room)


async def look_at_a_message(person: Person, room: str) -> None:
    if message := await person.some_message(room):
        for what in ("provenance", "history"):
            await person.get(f"/messages/{message['id']}/{what}/", what)
        await person.look_at_page(f"/messages/{message['id']}/why/")


async def look_at_a_run(person: Person, room: str) -> None:
    if run := await person.some_run(room):
        await person.get(f"/runs/{run['id']}/", "run")
        for path in (f"/runs/{run['id']}/", f"/runs/{run['id']}/together/"):
            await person.look_at_page(path)


async def look_at_the_room(person: Person, room: str) -> None:
    words = person.rng.choice(["tea", "hello", "w1"])
    await person.get(f"/rooms/{room}/search/?q={words}", "search")
    for what in ("notes", "agents"):
        await person.get(f"/rooms/{room}/{what}/", what)
    await person.post(f"/rooms/{room}/estimate/", "estimate", {"body": "@lead @one hello"})
    for path in ["/usage/", *(f"/rooms/{room}/{page}" for page in PAGES)]:
        await person.look_at_page(path)
