"""What only a real server shows: idle sockets, peers that do not read, shutting down."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from rooms.models import Room, User
from rooms.services.messages import post_message

from .servers import SERVERS, ask, hear, reach, reluctant_socket, serving
from .wire import do, token_of


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, process_environment: dict[str, str]) -> Iterator[int]:
    with serving(request.param, process_environment) as (_, port):
        yield port


async def close_code(client: ClientConnection, seconds: float = 15) -> int:
    async def read_on() -> None:
        while True:
            await client.recv()

    with pytest.raises(ConnectionClosed) as end:
        await asyncio.wait_for(read_on(), seconds)
    assert end.value.rcvd is not None, "the connection was cut without a word"
    return end.value.rcvd.code


async def flood(client: ClientConnection, room: str, count: int) -> int:
    """Say many large things; the number of the last."""
    for number in range(count):
        await client.send(f'{{"type":"message.post","ref":"{number}","room":"{room}","body":"{number} {"x" * 7900}"}}')
        while (answer := await hear(client)).get("ref") != str(number):
            pass
        assert answer["type"] == "ack", answer
    last: int = answer["data"]["seq"]
    return last


async def test_a_reader_who_stalls_is_told_4408_while_everybody_else_hears_everything(
    server: int, den: Room, ada: User, bob: User, mod: User
):
    speaker, listener, stalled = [await token_of(user) for user in (ada, bob, mod)]
    async with (
        reach(server, speaker) as hers,
        reach(server, listener) as his,
        reach(server, stalled, sock=reluctant_socket(server), max_queue=1, ping_interval=None) as theirs,
    ):
        await ask(his, "room.open", room="den")
        await ask(theirs, "room.open", room="den")
        last, heard = await asyncio.gather(flood(hers, "den", 500), everything(his, 4, 503))
        assert heard == list(range(4, 504))
        assert last == 503
        assert await close_code(theirs) == 4408
        async with reach(server, stalled) as again:
            await ask(again, "room.open", room="den", after=490)
            assert await everything(again, 491, 503) == list(range(491, 504))


async def everything(client: ClientConnection, first: int, last: int) -> list[int]:
    seen: list[int] = []
    while not seen or seen[-1] < last:
        frame = await hear(client)
        if frame.get("id", 0) >= first:
            seen.append(frame["id"])
    return seen


@pytest.mark.slow
async def test_an_idle_socket_stays_open_and_a_peer_that_never_reads_again_is_cut_off(
    server: int, den: Room, ada: User, bob: User, mod: User
):
    speaker, idle, dead = [await token_of(user) for user in (ada, bob, mod)]
    async with reach(server, speaker) as hers, reach(server, idle, ping_interval=None) as his:
        await ask(his, "room.open", room="den", after=3)
        unread = reluctant_socket(server)
        theirs = await reach(server, dead, sock=unread, max_queue=1, ping_interval=None)
        await ask(theirs, "room.open", room="den")
        theirs.transport.pause_reading()
        await asyncio.gather(flood(hers, "den", 500), everything(his, 4, 503))
        await asyncio.sleep(13)
        await asyncio.wait_for(read_to_the_end(unread.fileno()), 5)
        theirs.transport.abort()
        assert (await ask(his, "ping"))["type"] == "pong"
        await do(post_message, room=den, author=ada, body="still there?")
        assert (await hear(his))["id"] == 504


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
async def test_a_server_that_shuts_down_says_1012_so_that_clients_come_back(
    name: str, process_environment: dict[str, str], den: Room, bob: User
):
    secret = await token_of(bob)
    with serving(name, process_environment) as (process, port):
        async with reach(port, secret) as wire:
            await ask(wire, "room.open", room="den")
            process.terminate()
            assert await close_code(wire) == 1012
        await asyncio.to_thread(process.wait, 10)


async def test_an_event_stream_flows_through_a_real_server(server: int, den: Room, ada: User, bob: User):
    headers = {"Authorization": f"Bearer {await token_of(bob)}", "Accept": "text/event-stream"}
    url = f"http://127.0.0.1:{server}/api/v1/rooms/den/events/"
    async with httpx.AsyncClient(timeout=10) as client, client.stream("GET", url, headers=headers) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        await do(post_message, room=den, author=ada, body="through the wire")
        while not (line := await anext(lines)).startswith("data: "):
            pass
        assert "through the wire" in line
