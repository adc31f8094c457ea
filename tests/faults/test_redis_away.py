"""Redis stopped, hung, flushed and restarted: sending, history and live events go on; everything recovers by itself."""

from __future__ import annotations

import asyncio
import signal

import pytest

from .house import House, Socket

pytestmark = pytest.mark.slow

PROMPT = 10.0
"""The promise is two seconds, and what it is made of is looked at in tests/live. This is far more, for a machine that
stands still now and then, and far less than a Redis that is waited for."""


async def both(house: House, ada: Socket, bob: Socket) -> int:
    await ada.open()
    return await bob.open()


async def says_and_hears(ada: Socket, bob: Socket, body: str) -> None:
    """ada says it, bob hears it."""
    async with asyncio.timeout(PROMPT):
        ack = await ada.post(body)
    assert ack["type"] == "ack", ack
    await bob.hear_until(lambda f: f.get("type") == "message.posted" and f["data"]["message"]["body"] == body, PROMPT)


async def check_history_and_long_poll(house: House) -> None:
    def ask() -> None:
        with house.client("bob") as bob:
            page = bob.get("/rooms/den/messages/").json()
            assert page["results"]
            seq = page["results"][-1]["seq"]
            poll = bob.get("/rooms/den/events/", params={"after": seq - 1, "wait": 5}).json()
            assert poll["results"][-1]["id"] >= seq

    await asyncio.to_thread(ask)


async def hears_status(bob: Socket, degraded: bool) -> None:
    """What bob was told last is this; he may have been told in the midst of other things."""
    while [frame["data"]["degraded"] for frame in bob.heard if frame["type"] == "status"][-1:] != [degraded]:
        await bob.hear()


async def test_with_redis_stopped_people_go_on_talking_and_it_recovers_by_itself(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        await both(house, ada, bob)
        await says_and_hears(ada, bob, "before")
        house.stop_redis()
        for n in range(5):
            await says_and_hears(ada, bob, f"during {n}")
        await check_history_and_long_poll(house)
        await hears_status(bob, degraded=True)
        house.start_redis()
        await hears_status(bob, degraded=False)
        await says_and_hears(ada, bob, "after")
        assert bob.numbers == list(range(bob.numbers[0], bob.numbers[0] + 7))
    house.check_log()


async def test_with_redis_hung_nobody_waits_for_it(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        await both(house, ada, bob)
        house.pair.redis.process.send_signal(signal.SIGSTOP)
        try:
            for n in range(5):
                await says_and_hears(ada, bob, f"hung {n}")
            await check_history_and_long_poll(house)
            await hears_status(bob, degraded=True)
        finally:
            house.pair.redis.process.send_signal(signal.SIGCONT)
        await hears_status(bob, degraded=False)
        await says_and_hears(ada, bob, "awake")
        assert len(set(bob.numbers)) == len(bob.numbers)
    house.check_log()


async def test_a_flushed_or_restarted_redis_leaves_no_socket_deaf(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada, house.socket("bob") as bob:
        await both(house, ada, bob)
        with house.pair.redis.service.client() as redis:
            redis.flushall()
        await says_and_hears(ada, bob, "flushed")
        house.stop_redis()
        house.start_redis()
        for n in range(3):
            await says_and_hears(ada, bob, f"restarted {n}")
    house.check_log()


async def test_with_redis_stopped_nobody_says_more_than_they_may(house: House) -> None:
    """What people may send and ask is counted in PostgreSQL, as money is: nothing is looser without Redis."""
    house.web()
    house.run_code(
        "from rooms.models import Allowance, User\n"
        "Allowance.objects.create(what='send', person=User.objects.get(username='bob'), amount=7)\n"
        "print(1)"
    )
    house.stop_redis()

    def say(number: int) -> int:
        with house.client("bob") as bob:
            return int(bob.post("/rooms/den/messages/", json={"body": f"number {number}"}).status_code)

    statuses = await asyncio.gather(*(asyncio.to_thread(say, number) for number in range(20)))
    assert sorted(statuses) == [201] * 7 + [429] * 13
