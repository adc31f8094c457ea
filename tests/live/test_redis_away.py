"""Redis only carries. Stopped, hung, emptied or restarted, it costs listeners at most two seconds and loses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from chatroom.services import Redis
from chatroom.services.process import Running
from rooms import relaying
from rooms.live import hub as hubs
from rooms.live import store as stores
from rooms.live.channels import RoomChannel
from rooms.live.frames import Frame
from rooms.models import Room, User
from rooms.services.memberships import remove_member
from rooms.services.messages import post_message
from tests.servers import spare_port
from tests.waiting import eventually

from .stream import Stream
from .wire import Wire, client_of, do, numbered, seqs, session_of, signed_in

PROMPT = 10.0
DEGRADED = {"type": "status", "data": {"degraded": True}}
RECOVERED = {"type": "status", "data": {"degraded": False}}


class OwnRedis:
    """A Redis of this test's own, to be mistreated."""

    def __init__(self, home: Path) -> None:
        self.service = Redis(home, durable=False)
        spare_port(self.service.port)
        self.running = Running(self.service)
        self.pid = self.find()

    def find(self) -> int:
        return int(self.service.client().info("server")["process_id"])

    def stop(self) -> None:
        self.running.stop()

    def start(self) -> None:
        self.running = Running(self.service)
        self.pid = self.find()

    @contextmanager
    def hung(self) -> Iterator[None]:
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def cut_connections(self) -> None:
        client = self.service.client()
        for kind in ("pubsub", "normal"):
            client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


@pytest.fixture
def redis(tmp_path: Path, settings: Settings, promptly: None) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path / "redis")
    forget_the_other()
    settings.REDIS_URL = own.service.url
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": own.service.url, **settings.REDIS_TIMEOUTS}]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}
    yield own
    own.stop()
    forget_the_other()


def forget_the_other() -> None:
    """Loops that outlive a test keep their connections, and how they found Redis."""
    stores._stores.clear()
    relaying._carriers.clear()


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The numbers that came by the channel layer: the quick way, and not from the log."""
    numbers: set[int] = set()
    receive = RoomChannel.receive

    def noted(self: RoomChannel, frame: Frame) -> None:
        numbers.add(frame.seq or 0)
        receive(self, frame)

    monkeypatch.setattr(RoomChannel, "receive", noted)
    return numbers


def test_what_the_promises_are_made_of(promptly: None) -> None:
    """Whoever speaks waits for Redis a moment once; whoever listens waits for a look into the database."""
    assert relaying.PATIENCE <= 0.25
    assert relaying.PAUSE >= 1.0
    assert hubs.LOOK <= 1.0
    assert hubs.LOOK_DEGRADED <= 0.5


async def is_told(wire: Wire, status: dict[str, Any]) -> None:
    """Wait until the last status this client was told is this one."""
    while [frame for frame in wire.heard if frame["type"] == "status"][-1:] != [status]:
        await wire.hear()


async def says_and_hears(speaker: Wire, listener: Wire, room: str = "den") -> int:
    """Post over one socket, hear it on another; its number. PROMPT is far more than it takes, and far less than a
    Redis that is waited for."""
    async with asyncio.timeout(PROMPT):
        answer = await speaker.ask("message.post", room=room, body="said and heard")
    assert answer["type"] == "ack", answer
    seq: int = answer["data"]["seq"]
    heard = await listener.until(lambda frame: frame.get("id") == seq, PROMPT)
    assert heard["data"]["message"]["body"] == "said and heard"
    return seq


async def is_quick_again(speaker: Wire, listener: Wire, carried: set[int]) -> None:
    async def quick() -> bool:
        return await says_and_hears(speaker, listener) in carried

    await eventually(quick)


async def test_with_redis_stopped_everything_goes_on_and_it_recovers_by_itself(
    redis: OwnRedis, carried: set[int], den: Room, ada: User, bob: User
):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his, carried)
        redis.stop()
        await is_told(his, DEGRADED)
        for _ in range(3):
            await says_and_hears(hers, his)
        async with await signed_in(bob) as late:
            await late.open("den", after=2)
            await is_told(late, DEGRADED)
            assert (await late.ask("presence", room="den"))["data"]["users"] == ["ada", "bob"]
            await hers.ask("typing", room="den")
        redis.start()
        await is_told(his, RECOVERED)
        await is_quick_again(hers, his, carried)


async def test_with_redis_hung_nobody_waits_and_what_it_delivers_when_it_wakes_is_not_heard_twice(
    redis: OwnRedis, carried: set[int], den: Room, ada: User, bob: User
):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his, carried)
        with redis.hung():
            for _ in range(4):
                await says_and_hears(hers, his)
            await is_told(his, DEGRADED)
        await is_told(his, RECOVERED)
        await is_quick_again(hers, his, carried)
        last = (await hers.ask("message.post", room="den", body="the last"))["data"]["seq"]
        assert seqs(await numbered(his, last)) == [last]


async def test_a_flushed_redis_is_not_noticed(redis: OwnRedis, carried: set[int], den: Room, ada: User, bob: User):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his, carried)
        redis.service.client().flushall()
        await says_and_hears(hers, his)
        await is_quick_again(hers, his, carried)


async def test_cut_connections_are_laid_anew_and_nothing_is_lost(
    redis: OwnRedis, carried: set[int], den: Room, ada: User, bob: User
):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        for _ in range(3):
            await is_quick_again(hers, his, carried)
            redis.cut_connections()
            await says_and_hears(hers, his)
        await is_quick_again(hers, his, carried)


async def test_streams_and_polls_go_on_without_redis_too(redis: OwnRedis, den: Room, ada: User, bob: User):
    redis.stop()
    async with Stream("den", cookie=f"sessionid={await session_of(bob)}") as stream:
        await stream.block()
        await do(post_message, room=den, author=ada, body="without Redis")
        assert (await stream.until("message.posted"))["id"] == 3
    client = await client_of(bob)
    answer = (await client.get("/api/v1/rooms/den/events/", {"after": 2, "wait": 10})).json()
    assert seqs(answer["results"]) == [3]


async def test_a_removed_member_is_sent_out_without_redis_too(redis: OwnRedis, den: Room, ada: User, bob: User):
    redis.stop()
    async with await signed_in(bob) as his:
        await his.open("den")
        await do(remove_member, room=den, user=bob, by=ada)
        assert (await his.until("room.closed"))["reason"] == "not_a_member"


async def test_a_line_that_is_dead_without_saying_so_is_found_out(
    redis: OwnRedis, carried: set[int], den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    """A box on the way forgot the connection: what is published arrives nowhere, and nobody is told."""
    from channels_redis.pubsub import RedisSingleShardConnection

    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his, carried)
        receive = RedisSingleShardConnection._receive_message
        monkeypatch.setattr(RedisSingleShardConnection, "_receive_message", lambda *_: None)
        await is_told(his, DEGRADED)
        await says_and_hears(hers, his)
        monkeypatch.setattr(RedisSingleShardConnection, "_receive_message", receive)
        await is_told(his, RECOVERED)
        await is_quick_again(hers, his, carried)
