"""PostgreSQL crashes and comes back: sockets stay, nothing acknowledged is lost, a refused send says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.waiting import PATIENCE

from .house import House

pytestmark = pytest.mark.slow


async def test_people_keep_their_sockets_and_their_words_over_a_restart_of_postgresql(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        await ada.open()
        last = await bob.open()
        assert (await ada.post("before", "c1"))["type"] == "ack"
        house.crash_postgres()
        house.start_postgres()
        answers: list[dict[str, Any]] = []
        async with asyncio.timeout(2 * PATIENCE):
            while not answers or answers[-1]["type"] != "ack":
                answers.append(await ada.post("after", "c2"))
        assert all(answer["code"] == "unavailable" for answer in answers[:-1])
        await bob.hear_until(lambda f: f.get("id") == last + 2)
        assert bob.numbers == [last + 1, last + 2]
    house.check_log()


async def test_while_postgresql_is_away_every_door_says_so_kindly(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada:
        await ada.open()
        house.crash_postgres()
        try:
            answer = await ada.post("hello?", "c1")
            assert (answer["type"], answer["code"]) == ("error", "unavailable")
            await asyncio.to_thread(check_rest, house)
        finally:
            house.start_postgres()
        async with asyncio.timeout(2 * PATIENCE):
            while (await ada.post("hello?", "c1"))["type"] != "ack":
                pass
    house.check_log()


def check_rest(house: House) -> None:
    with house.client("ada") as ada:
        for response in (ada.get("/rooms/den/messages/"), ada.post("/rooms/den/messages/", json={"body": "x"})):
            assert response.status_code == 503
            assert response.json()["code"] == "unavailable"
            assert int(response.headers["retry-after"]) >= 1
