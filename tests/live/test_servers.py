"""What only a real server shows: idle sockets, peers that do not read, shutting down."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from rooms.live.outbox import LAST_WORD
from rooms.models import Room, User
from rooms.services.messages import post_message
from tests.waiting import PATIENCE, eventually

from .servers import SERVERS, ask, hear, reach, reluctant_socket, serving
from .wire import do, token_of


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, process_environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The process and its port."""
    with serving(request.param, process_environment) as (process, port):
        yield process.pid, port


async def close_code(client: ClientConnection) -> int | None:
    """None when the connection was cut without a word."""

    async def read_on() -> None:
        while True:
            await client.recv()

    with pytest.raises(ConnectionClosed) as end:
        await asyncio.wait_for(read_on(), PATIENCE)
    return None if end.value.rcvd is None else end.value.rcvd.code


async def flood(client: ClientConnection, room: str, count: int) -> int:
    """Say many large things; the number of the last."""
    for number in range(count):
        await client.send(f'{{"type":"message.post","ref":"{number}","room":"{room}","body":"{number} {"x" * 7900}"}}')
        while (answer := await hear(client)).get("ref") != str(number):
            pass
        assert answer["type"] == "ack", answer
    last: int = answer["data"]["seq"]
    return last


@pytest.mark.slow
async def test_readers_who_stall_are_told_4408_or_cut_off_while_those_who_idle_stay_and_miss_nothing(
    server: tuple[int, int], den: Room, ada: User, bob: User, mod: User
):
    process, port = server
    speaker, idle, secret = [await token_of(user) for user in (ada, bob, mod)]
    never_read = reluctant_socket(port)
    async with (
        reach(port, speaker, ping_interval=None) as hers,
        reach(port, idle, ping_interval=None) as his,
        reach(port, secret, sock=reluctant_socket(port), max_queue=1, ping_interval=None) as stalled,
    ):
        dead = await reach(port, secret, sock=never_read, max_queue=1, ping_interval=None)
        for client in (his, stalled, dead):
            await ask(client, "room.open", room="den")
        dead.transport.pause_reading()
        begun = time.monotonic()
        last, heard = await asyncio.gather(flood(hers, "den", 450), everything(his, 4, 453))
        assert (last, heard) == (453, list(range(4, 454)))
        assert await close_code(stalled) == 4408 or time.monotonic() - begun > LAST_WORD, "it had the time to hear it"
        async with reach(port, secret) as again:
            await ask(again, "room.open", room="den", after=440)
            assert await everything(again, 441, 453) == list(range(441, 454))
        own = never_read.getsockname()[1]
        await eventually(lambda: own not in callers_of(process), 2 * PATIENCE)
        await asyncio.wait_for(read_to_the_end(never_read.fileno()), PATIENCE)
        dead.transport.abort()
        assert (await ask(his, "ping"))["type"] == "pong"
        await do(post_message, room=den, author=ada, body="still there?")
        assert (await hear(his))["id"] == 454


def callers_of(process: int) -> set[int]:
    """The ports at the other end of a server's connections."""
    return {one.raddr.port for one in psutil.Process(process).net_connections("tcp") if one.raddr}


async def everything(client: ClientConnection, first: int, last: int) -> list[int]:
    seen: list[int] = []
    while not seen or seen[-1] < last:
        frame = await hear(client)
        if frame.get("id", 0) >= first:
            seen.append(frame["id"])
    return seen


async def read_to_the_end(descriptor: int) -> None:
    """Until the peer has closed: a server that still waited for an answer to its close frame would keep us here."""
    while True:
        try:
            if not os.read(descriptor, 65536):
                return
        except BlockingIOError:
            await asyncio.sleep(0.05)
        except ConnectionError:
            return


@pytest.mark.parametrize("name", SERVERS)
async def test_event_streams_flow_and_a_server_that_shuts_down_says_1012_so_that_clients_come_back(
    name: str, process_environment: dict[str, str], den: Room, ada: User, bob: User
):
    secret = await token_of(bob)
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"}
    with serving(name, process_environment) as (process, port):
        url = f"http://127.0.0.1:{port}/api/v1/rooms/den/events/"
        async with httpx.AsyncClient(timeout=PATIENCE) as client, client.stream("GET", url, headers=headers) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            await do(post_message, room=den, author=ada, body="through the wire")
            while not (line := await anext(lines)).startswith("data: "):
                pass
            assert "through the wire" in line
        async with reach(port, secret) as wire:
            await ask(wire, "room.open", room="den")
            process.terminate()
            assert await close_code(wire) == 1012
        await asyncio.to_thread(process.wait, PATIENCE)
