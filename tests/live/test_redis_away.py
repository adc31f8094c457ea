"""Redis only carries. Stopped, hung, emptied or restarted, it costs listeners at most two seconds and loses nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from chatroom.services import Redis
from chatroom.services.process import Running
from rooms.models import Room, User
from rooms.services.memberships import remove_member
from rooms.services.messages import post_message
from tests.waiting import eventually

from .stream import Stream
from .wire import Wire, client_of, do, seqs, session_of, signed_in

DEGRADED = {"type": "status", "data": {"degraded": True}}
RECOVERED = {"type": "status", "data": {"degraded": False}}


class OwnRedis:
    """A Redis of this test's own, to be mistreated."""

    def __init__(self, home: Path) -> None:
        self.running = Running(Redis(home, durable=False))
        self.service = self.running.service
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
def redis(tmp_path: Path, settings: Settings) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path / "redis")
    settings.REDIS_URL = own.service.url
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": own.service.url, **settings.REDIS_TIMEOUTS}]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}
    yield own
    own.stop()


async def is_told(wire: Wire, status: dict[str, Any], seconds: float = 10) -> None:
    """Wait until the last status this client was told is this one."""

    async def told() -> bool:
        await wire.silent(0.05)
        return [frame for frame in wire.heard if frame["type"] == "status"][-1:] == [status]

    await eventually(told, seconds)


async def says_and_hears(speaker: Wire, listener: Wire, room: str = "den") -> float:
    """Post over one socket, hear it on another; how long the hearing took. Acknowledged within a second always."""
    began = time.monotonic()
    answer = await speaker.ask("message.post", room=room, body=f"said at {began}")
    assert answer["type"] == "ack", answer
    assert time.monotonic() - began < 1
    heard = await listener.until(lambda frame: frame.get("id") == answer["data"]["seq"], 2.5)
    assert heard["data"]["message"]["body"] == f"said at {began}"
    return time.monotonic() - began


async def is_quick_again(speaker: Wire, listener: Wire) -> None:
    async def quick() -> bool:
        return await says_and_hears(speaker, listener) < 0.25

    await eventually(quick, 10)


async def test_with_redis_stopped_everything_goes_on_and_it_recovers_by_itself(
    redis: OwnRedis, den: Room, ada: User, bob: User
):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his)
        redis.stop()
        await is_told(his, DEGRADED, 6)
        for _ in range(3):
            assert await says_and_hears(hers, his) < 2
        async with await signed_in(bob) as late:
            await late.open("den", after=2)
            await is_told(late, DEGRADED)
            assert (await late.ask("presence", room="den"))["data"]["users"] == ["ada", "bob"]
            await hers.ask("typing", room="den")
        redis.start()
        await is_told(his, RECOVERED, 10)
        await is_quick_again(hers, his)


async def test_with_redis_hung_nobody_waits_and_what_it_delivers_when_it_wakes_is_not_heard_twice(
    redis: OwnRedis, den: Room, ada: User, bob: User
):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his)
        with redis.hung():
            for _ in range(4):
                assert await says_and_hears(hers, his) < 2
            await is_told(his, DEGRADED, 6)
        await is_told(his, RECOVERED, 10)
        await is_quick_again(hers, his)
        last = (await hers.ask("message.post", room="den", body="the last"))["data"]["seq"]
        heard = [frame["id"] for frame in await his.silent(1) if "id" in frame]
        assert heard == [last]


async def test_a_flushed_redis_is_not_noticed(redis: OwnRedis, den: Room, ada: User, bob: User):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his)
        redis.service.client().flushall()
        assert await says_and_hears(hers, his) < 0.5
        await is_quick_again(hers, his)


async def test_cut_connections_are_laid_anew_and_nothing_is_lost(redis: OwnRedis, den: Room, ada: User, bob: User):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        for _ in range(3):
            await is_quick_again(hers, his)
            redis.cut_connections()
            await says_and_hears(hers, his)
        await is_quick_again(hers, his)


async def test_streams_and_polls_go_on_without_redis_too(redis: OwnRedis, den: Room, ada: User, bob: User):
    redis.stop()
    async with Stream("den", cookie=f"sessionid={await session_of(bob)}") as stream:
        await stream.block()
        await do(post_message, room=den, author=ada, body="without Redis")
        assert (await stream.until("message.posted", 3))["id"] == 3
    client = await client_of(bob)
    began = time.monotonic()
    answer = (await client.get("/api/v1/rooms/den/events/", {"after": 2, "wait": 10})).json()
    assert seqs(answer["results"]) == [3]
    assert time.monotonic() - began < 1


async def test_a_removed_member_is_sent_out_without_redis_too(redis: OwnRedis, den: Room, ada: User, bob: User):
    redis.stop()
    async with await signed_in(bob) as his:
        await his.open("den")
        await do(remove_member, room=den, user=bob, by=ada)
        assert (await his.until("room.closed", 2))["reason"] == "not_a_member"


async def test_a_line_that_is_dead_without_saying_so_is_found_out(
    redis: OwnRedis, den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    """A box on the way forgot the connection: what is published arrives nowhere, and nobody is told."""
    from channels_redis.pubsub import RedisSingleShardConnection

    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        await is_quick_again(hers, his)
        receive = RedisSingleShardConnection._receive_message
        monkeypatch.setattr(RedisSingleShardConnection, "_receive_message", lambda *_: None)
        await is_told(his, DEGRADED, 6)
        assert await says_and_hears(hers, his) < 2
        monkeypatch.setattr(RedisSingleShardConnection, "_receive_message", receive)
        await is_told(his, RECOVERED, 6)
        await is_quick_again(hers, his)
