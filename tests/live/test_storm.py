"""Everybody comes back at once, and again, while somebody goes on talking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rooms.models import Room, User
from rooms.services.messages import post_message

from .servers import ask, hear, reach, serving
from .wire import do, token_of

SOCKETS, STORMS, LINES = 200, 5, 6


@pytest.fixture
def server(process_environment: dict[str, str]) -> Iterator[int]:
    with serving("uvicorn", process_environment) as (_, port):
        yield port


class Listener:
    """One client: what it has heard, over all its sockets, and where it goes on."""

    def __init__(self, port: int, secret: str) -> None:
        self.port = port
        self.secret = secret
        self.heard: list[int] = []

    async def listen(self, after: int, up_to: int) -> None:
        """Come, hear until then, and be cut off."""
        async with reach(self.port, self.secret, open_timeout=60, close_timeout=1, ping_interval=None) as client:
            await ask(client, "room.open", room="den", after=self.heard[-1] if self.heard else after)
            while not self.heard or self.heard[-1] < up_to:
                frame = await hear(client)
                if "id" in frame:
                    self.heard.append(frame["id"])
            client.transport.abort()


@pytest.mark.slow
async def test_two_hundred_sockets_come_back_five_times_and_miss_and_repeat_nothing(
    server: int, den: Room, ada: User, bob: User, mod: User
) -> None:
    secrets = [await token_of(user) for user in (ada, bob, mod)]
    listeners = [Listener(server, secrets[number % 3]) for number in range(SOCKETS)]
    start = first = (await in_db(den)) + 1
    for _ in range(STORMS):
        coming = [asyncio.create_task(one.listen(start - 1, first + LINES - 1)) for one in listeners]
        for number in range(LINES):
            await do(post_message, room=den, author=ada, body=f"line {first + number}")
        await asyncio.gather(*coming)
        first += LINES
    assert all(one.heard == list(range(start, first)) for one in listeners)
    async with reach(server, secrets[0]) as late:
        await ask(late, "room.open", room="den")
        assert (await ask(late, "ping"))["type"] == "pong"


async def in_db(room: Room) -> int:
    await room.arefresh_from_db(fields=["last_seq"])
    return room.last_seq
