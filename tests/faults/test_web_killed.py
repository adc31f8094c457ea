"""kill -9 of a web process before the commit, after the commit, and after the ack: acknowledged means kept, once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import psycopg
import pytest
import websockets

from tests.waiting import PATIENCE, eventually, until

from .house import House

pytestmark = pytest.mark.slow

KEPT = "SELECT count(*) FROM rooms_message WHERE client_id = %s"


def kept(house: House, client_id: str) -> int:
    return int(house.sql(KEPT, client_id)[0][0])


async def resend(house: House, body: str, client_id: str) -> dict[str, object]:
    house.web()
    async with house.socket("ada") as ada:
        await ada.open()
        return await ada.post(body, client_id)


async def test_killed_before_the_commit_nothing_is_kept_and_the_resend_is_the_message(house: House) -> None:
    house.web()
    with psycopg.connect(house.pair.postgres.service.url) as lock:
        lock.execute("SELECT 1 FROM rooms_room WHERE slug = 'den' FOR UPDATE")
        async with house.socket("ada") as ada:
            await ada.open()
            await ada.say(type="message.post", ref="1", room="den", body="before", client_id="c1")
            await asyncio.to_thread(until, lambda: blocked(house))
            house.processes["web"].kill()
            house.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    assert kept(house, "c1") == 0
    ack = await resend(house, "before", "c1")
    assert ack["type"] == "ack"
    assert kept(house, "c1") == 1
    house.check_log()


async def test_killed_after_the_commit_but_before_the_ack_the_resend_gives_the_kept_row(house: House) -> None:
    house.web()
    async with house.socket("ada") as ada:
        await ada.open()
        with psycopg.connect(house.pair.postgres.service.url) as lock:
            lock.execute("SELECT 1 FROM rooms_room WHERE slug = 'den' FOR UPDATE")
            await ada.say(type="message.post", ref="1", room="den", body="after", client_id="c2")
            await asyncio.to_thread(until, lambda: blocked(house))
            house.processes["web"].signal(signal.SIGSTOP)  # the commit will go through; who should hear of it sleeps
        await asyncio.to_thread(until, lambda: kept(house, "c2"))
        house.processes["web"].kill()
        heard = []
        with suppress(websockets.ConnectionClosed):
            while True:
                heard.append(await ada.hear())
    assert not [frame for frame in heard if frame.get("ref") == "1"]
    ack = await resend(house, "after", "c2")
    assert ack["type"] == "ack"
    assert kept(house, "c2") == 1
    house.check_log()


async def test_killed_after_the_ack_others_still_hear_it_and_resume_without_a_gap(house: House) -> None:
    house.web()
    house.web("other")
    house.relay()
    async with house.socket("bob", "other") as bob:
        last = await bob.open()
        async with house.socket("ada") as ada:
            await ada.open()
            acks = [await ada.post(f"line {n}", f"c{n}") for n in range(20)]
            house.processes["web"].kill()
        assert all(ack["type"] == "ack" for ack in acks)
        await bob.hear_until(lambda f: f.get("id") == last + 20)
        assert bob.numbers == list(range(last + 1, last + 21))
    house.web()
    async with house.socket("bob") as bob:
        await bob.open(after=last + 10)
        await bob.hear_until(lambda f: f.get("id") == last + 20)
        assert bob.numbers == list(range(last + 11, last + 21))
    house.check_log()


async def test_killed_under_load_every_acknowledged_line_is_there_exactly_once(house: House) -> None:
    house.web()
    house.web("other")
    acknowledged: set[str] = set()

    async def write(number: int) -> None:
        with suppress(websockets.ConnectionClosed, OSError):
            async with house.socket("ada") as ada:
                await ada.open()
                for line in range(10_000):
                    client_id = f"{number}.{line}"
                    await ada.post(client_id, client_id)
                    acknowledged.add(client_id)

    async with house.socket("bob", "other") as bob:
        last = await bob.open()
        writers = [asyncio.create_task(write(number)) for number in range(4)]
        await eventually(lambda: len(acknowledged) >= 100, 2 * PATIENCE)
        house.processes["web"].kill()
        await asyncio.gather(*writers)
        end = int(house.sql("SELECT last_seq FROM rooms_room WHERE slug = 'den'")[0][0])
        await bob.hear_until(lambda f: f.get("id") == end)
        assert bob.numbers == list(range(last + 1, end + 1))
    stored = [row[0] for row in house.sql("SELECT client_id FROM rooms_message")]
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)
    house.check_log()


def blocked(house: House) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(house.sql(waiting)[0][0])
