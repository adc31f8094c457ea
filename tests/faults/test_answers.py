"""What becomes of an answer that is being written when a server goes away: it ends, with a reason, and nothing that was
shown is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from .house import House, Socket

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SEAT = """
from agents.models import Agent
from agents.services import seat_agent
from rooms.models import Room, User
ada, den = User.objects.get(username="ada"), Room.objects.get(slug="den")
echo = User.objects.create(username="echo", kind="agent", display_name="Echo")
seat_agent(room=den, agent=Agent.objects.create(user=echo, persona="Repeats what matters."), by=ada)
print("null")
"""
SLOWLY = {"LLM_SCRIPTED_FIRST_TOKEN_MS": "100", "LLM_SCRIPTED_TOKENS_PER_SECOND": "8"}
ENDS = ("message.finished", "message.interrupted")


def with_agent(house: House) -> None:
    house.run_code(SEAT)
    house.web()
    house.worker(**SLOWLY)
    house.beat()


async def shown_until(bob: Socket, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return await bob.hear_until(wanted, 60)


async def begun(ada: Socket, bob: Socket) -> str:
    """ada has asked, and bob reads the first words. Returns them."""
    await ada.open()
    await bob.open()
    await ada.post("@echo tell us something long about the roof, with reasons")
    piece = await shown_until(bob, lambda frame: frame["type"] == "message.text")
    return str(piece["data"]["text"])


async def test_redis_killed_in_mid_answer_ends_neither_the_answer_nor_its_worker(house: House) -> None:
    with_agent(house)
    worker = house.processes["worker"].popen
    assert worker is not None
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        words = await begun(ada, bob)
        house.stop_redis()
        await asyncio.sleep(1)
        house.start_redis()
        end = await shown_until(bob, lambda frame: frame["type"] in ENDS)
        assert end["type"] == "message.finished"
        assert end["data"]["message"]["body"].startswith(words)
        await ada.post("@echo and once more")
        again = await shown_until(bob, lambda frame: frame["type"] in ENDS)
        assert again["type"] == "message.finished"
    assert worker.poll() is None, house.processes["worker"].log.read_text()[-2000:]
    house.check_log()


@pytest.mark.parametrize("seconds", [0, 8])
async def test_postgresql_crashed_in_mid_answer_takes_back_no_word(house: House, seconds: int) -> None:
    with_agent(house)
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        words = await begun(ada, bob)
        house.crash_postgres()
        await asyncio.sleep(seconds)
        house.start_postgres()
        end = await shown_until(bob, lambda frame: frame["type"] in ENDS)
        assert end["data"]["message"]["body"].startswith(words)
        shown = "".join(frame["data"]["text"] for frame in bob.heard if frame["type"] == "message.text")
        assert end["data"]["message"]["body"].startswith(shown)
    assert [len(row[0]) > 0 for row in house.sql("SELECT reason FROM agents_task")] == [True]
    assert house.sql("SELECT count(*) FROM rooms_message WHERE state = 'writing'") == [(0,)]
    house.check_log()
