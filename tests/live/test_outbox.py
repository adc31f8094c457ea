from __future__ import annotations

import asyncio
from typing import Any

from rooms.live.outbox import LAST_WORD, MAX_CHARACTERS, MAX_FRAMES, Outbox
from tests.clock import in_no_time


class Peer:
    """A connection that can be made to stall, as a transport with a full buffer does."""

    def __init__(self) -> None:
        self.flows = asyncio.Event()
        self.flows.set()
        self.taken: list[dict[str, Any]] = []
        self.cuts = 0

    async def send(self, event: dict[str, Any]) -> None:
        await self.flows.wait()
        self.taken.append(event)

    def cut(self) -> None:
        self.cuts += 1

    @property
    def texts(self) -> list[str]:
        return [event["text"] for event in self.taken if event["type"] == "websocket.send"]

    @property
    def code(self) -> int | None:
        return next((event["code"] for event in self.taken if event["type"] == "websocket.close"), None)


@in_no_time
async def test_a_peer_that_reads_gets_everything_at_once_and_costs_no_task():
    peer = Peer()
    box = Outbox(peer.send, peer.cut)
    before = len(asyncio.all_tasks())
    for number in range(1000):
        box.write(str(number))
    assert peer.texts == [str(number) for number in range(1000)]
    assert len(asyncio.all_tasks()) == before
    assert not box.waits


@in_no_time
async def test_what_a_stalled_peer_is_owed_comes_in_order_when_it_reads_again():
    peer = Peer()
    box = Outbox(peer.send, peer.cut)
    box.write("first")
    peer.flows.clear()
    for number in range(100):
        box.write(str(number))
    assert box.waits
    peer.flows.set()
    await box.ready()
    box.write("last")
    assert peer.texts == ["first", *map(str, range(100)), "last"]


@in_no_time
async def test_a_peer_that_is_owed_too_many_frames_is_told_so_and_nothing_else():
    peer = Peer()
    box = Outbox(peer.send, peer.cut)
    peer.flows.clear()
    for number in range(MAX_FRAMES + 2):
        box.write(str(number))
    assert box.closing
    peer.flows.set()
    await box.ready()
    assert peer.texts == ["0"]
    assert peer.code == 4408
    box.write("after the end")
    assert peer.texts == ["0"]


@in_no_time
async def test_a_peer_that_is_owed_too_much_text_is_too():
    peer = Peer()
    box = Outbox(peer.send, peer.cut)
    peer.flows.clear()
    for _ in range(20):
        box.write("x" * (MAX_CHARACTERS // 16))
    peer.flows.set()
    await box.ready()
    assert peer.code == 4408


@in_no_time
async def test_a_peer_that_takes_not_even_the_close_frame_is_cut_off():
    peer = Peer()
    box = Outbox(peer.send, peer.cut)
    peer.flows.clear()
    box.write("never taken")
    box.close(4401, "signed out")
    await asyncio.sleep(LAST_WORD - 0.1)
    assert peer.cuts == 0
    await asyncio.sleep(0.2)
    assert peer.cuts == 1


@in_no_time
async def test_a_peer_that_has_left_is_no_error():
    class Gone(Exception):
        pass

    async def send(event: dict[str, Any]) -> None:
        raise Gone

    box = Outbox(send, lambda: None)
    box.write("hello?")
    box.write("hello?")
    assert box.closing


@in_no_time
async def test_a_send_that_waits_several_times_is_carried_to_its_end():
    taken: list[str] = []

    async def send(event: dict[str, Any]) -> None:
        for _ in range(3):
            await asyncio.sleep(0.01)
        taken.append(event["text"])

    box = Outbox(send, lambda: None)
    box.write("slow")
    box.write("and steady")
    await box.ready()
    assert taken == ["slow", "and steady"]
