"""Each event once and in order, whatever the channel layer does to the frames."""

from __future__ import annotations

import asyncio
import random

import pytest

from rooms import reading, relaying
from rooms.live import hub as hubs
from rooms.live.frames import Frame, passing
from rooms.models import Room, User
from rooms.services.messages import post_message
from tests.waiting import eventually

from .wire import do, feeds, numbered, seqs, signed_in


class Post:
    """Stands between the services and the channel layer. `lose` says of each frame whether it is lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deliver = relaying.publish_frame
        self.lost: list[Frame] = []
        self.lose = lambda frame: False
        monkeypatch.setattr(relaying, "publish_frame", self.publish)

    async def publish(self, frame: Frame) -> bool:
        if self.lose(frame):
            self.lost.append(frame)
            return False
        return await self.deliver(frame)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    return Post(monkeypatch)


async def test_a_frame_lost_on_the_way_is_read_from_the_log_when_the_next_one_shows_the_hole(
    den: Room, ada: User, bob: User, post: Post, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hubs, "LOOK", 3600)  # nothing else could find it
    async with await signed_in(bob) as wire:
        await wire.open("den")
        post.lose = lambda frame: frame.seq == 3
        for word in ("one", "two", "three"):
            await do(post_message, room=den, author=ada, body=word)
        frames = await numbered(wire, 5)
    assert [frame.seq for frame in post.lost] == [3]
    assert [frame["data"]["message"]["body"] for frame in frames] == ["one", "two", "three"]


async def test_the_last_frame_lost_is_noticed_within_two_seconds_by_watching_the_database(
    den: Room, ada: User, bob: User, post: Post
):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        post.lose = lambda frame: True
        await do(post_message, room=den, author=ada, body="nobody carries this")
        frames = await numbered(wire, 3)
    assert hubs.LOOK <= 2
    assert frames[0]["data"]["message"]["body"] == "nobody carries this"


async def test_frames_that_come_twice_and_out_of_order_are_heard_once_and_in_order(
    den: Room, ada: User, bob: User, post: Post
):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        post.lose = lambda frame: True
        for number in range(20):
            await do(post_message, room=den, author=ada, body=f"message {number}")
        shuffled = post.lost * 2
        random.Random(7).shuffle(shuffled)
        for frame in shuffled:
            await post.deliver(frame)
        post.lose = lambda frame: False
        last = (await do(post_message, room=den, author=ada, body="the last")).message
        frames = await wire.before(last)
    assert seqs(frames) == list(range(3, 23))


async def test_a_passing_frame_waits_for_the_event_it_speaks_of(den: Room, ada: User, bob: User, post: Post):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        post.lose = lambda frame: frame.seq is not None
        await do(post_message, room=den, author=ada, body="started")
        text = passing(
            "message.text", room_id=den.pk, slug="den", data={"message": "x", "offset": 0, "text": "Hel"}, after=3
        )
        await post.deliver(text)
        heard = [await wire.hear(), await wire.hear()]
    assert [frame["type"] for frame in heard] == ["message.posted", "message.text"]


async def test_a_reader_too_far_behind_or_ahead_of_the_log_is_told_to_reload(
    den: Room, square: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "REPLAY_WINDOW", 10)
    for number in range(12):
        await do(post_message, room=den, author=ada, body=f"message {number}")
    async with await signed_in(bob) as wire:
        for after in (0, 99):
            await wire.open("den", after=after)
            assert await wire.hear() == {"type": "resync", "room": "den", "last_seq": 14}
        await wire.open("square")
        await do(post_message, room=den, author=ada, body="not followed")
        elsewhere = (await do(post_message, room=square, author=ada, body="followed")).message
        assert seqs(await wire.before(elsewhere)) == []
        await wire.open("den", after=5)
        assert seqs(await numbered(wire, 15)) == list(range(6, 16))


async def test_a_long_replay_does_not_overflow_the_socket_and_live_events_follow_it(den: Room, ada: User, bob: User):
    for number in range(120):
        await do(post_message, room=den, author=ada, body=f"{number} " + "x" * 7_000)
    async with await signed_in(bob) as wire:
        wire.flows.clear()
        await wire.say("room.open", room="den", after=2)
        await wire.held_up.wait()
        await do(post_message, room=den, author=ada, body="live")
        wire.flows.set()
        frames = await numbered(wire, 123)
    assert seqs(frames) == list(range(3, 124))
    assert frames[-1]["data"]["message"]["body"] == "live"


async def test_many_writers_and_a_reader_who_comes_and_goes_miss_nothing(den: Room, ada: User, bob: User, mod: User):
    total = 90

    async def write(user: User) -> None:
        for number in range(total // 3):
            await do(post_message, room=den, author=user, body=f"{user} {number}")

    async def read() -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] < 3 + total:
            async with await signed_in(bob) as wire:
                await wire.open("den", after=seen[-1] if seen else 3)
                for _ in range(random.Random(len(seen)).randint(1, 12)):
                    if seen and seen[-1] == 3 + total:
                        break
                    frame = await wire.until(lambda frame: "id" in frame)
                    seen.append(frame["id"])
        return seen

    _, _, _, seen = await asyncio.gather(write(ada), write(bob), write(mod), read())
    assert seen == list(range(4, 4 + total))


async def test_readers_who_open_at_the_same_number_share_one_look_into_the_log(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    for number in range(5):
        await do(post_message, room=den, author=ada, body=f"{number}")
    looks: list[int] = []
    read = reading.aread_events

    async def counted(room_id: int, reader: object, after: int, limit: int = 200) -> reading.Replay:
        looks.append(after)
        await eventually(lambda: feeds() == 10)
        for _ in range(100):  # turns of the loop, so that the last to come asks too
            await asyncio.sleep(0)
        return await read(room_id, reading.NOBODY, after, limit)

    monkeypatch.setattr(reading, "aread_events", counted)
    wires = [await signed_in(bob) for _ in range(10)]
    for wire in wires:
        await wire.__aenter__()
    await asyncio.gather(*(wire.say("room.open", room="den", after=2) for wire in wires))
    for wire in wires:
        assert seqs(await numbered(wire, 7)) == [3, 4, 5, 6, 7]
    for wire in wires:
        await wire.__aexit__()
    assert len(looks) <= 3


async def test_a_room_nobody_has_open_is_no_longer_heard(den: Room, ada: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hubs, "LINGER", 0.1)
    async with await signed_in(ada) as wire:
        await wire.open("den")
        assert den.pk in hubs.hub().rooms
        await wire.ask("room.close", room="den")
        await eventually(lambda: den.pk not in hubs.hub().rooms)
        await wire.open("den")
        await wire.ask("message.post", room="den", body="and again")
        assert (await wire.until("message.posted"))["id"] == 2
