"""One log, three transports: a client may change between them without losing or repeating anything."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.test import AsyncClient

from rooms.live import hub as hubs
from rooms.live import sse
from rooms.models import Room, User
from rooms.services.messages import post_message, withdraw_message
from rooms.services.rooms import change_room
from tests.waiting import eventually

from .stream import Stream
from .wire import client_of, do, feeds, numbered, seqs, session_of, signed_in, token_of

EVENTS = "/api/v1/rooms/{}/events/"


async def poll(client: AsyncClient, room: str = "den", **query: Any) -> dict[str, Any]:
    response = await client.get(EVENTS.format(room), query)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


async def cookie(user: User) -> str:
    return f"sessionid={await session_of(user)}"


async def test_an_event_stream_replays_then_follows_and_its_ids_are_the_numbers(den: Room, ada: User, bob: User):
    await do(post_message, room=den, author=ada, body="before")
    async with Stream("den", query="after=1", cookie=await cookie(bob)) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert "no-store" in stream.headers["cache-control"]
        assert stream.headers["x-accel-buffering"] == "no"
        assert await stream.block() == "retry: 2000\nid: 1"
        assert seqs(await stream.numbered(3)) == [2, 3]
        await do(post_message, room=den, author=ada, body="now\nin two lines")
        assert (await stream.numbered(4))[0]["data"]["message"]["body"] == "now\nin two lines"


async def test_last_event_id_wins_over_the_address_since_the_stream_had_come_further(den: Room, ada: User, bob: User):
    for word in ("one", "two"):
        await do(post_message, room=den, author=ada, body=word)
    async with Stream("den", query="after=1", cookie=await cookie(bob), last_event_id="3") as stream:
        assert seqs(await stream.numbered(4)) == [4]


async def test_a_quiet_event_stream_shows_that_it_is_alive(den: Room, ada: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "HEARTBEAT", 0.1)
    async with Stream("den", cookie=await cookie(ada)) as stream:
        await stream.block()
        assert await stream.block() == ": still here"


async def test_an_event_stream_asked_to_draws_messages(den: Room, ada: User):
    async with Stream("den", query="draw=1", cookie=await cookie(ada)) as stream:
        await do(post_message, room=den, author=ada, body="hello **all**")
        frame = await stream.until("message.posted")
        assert "<strong>all</strong>" in frame["article"]
        await do(change_room, room=den, by=ada, topic="new")
        assert "article" not in await stream.until("room.changed")


async def test_a_poll_answers_at_once_with_what_is_there_and_says_how_far_it_reaches(den: Room, ada: User, bob: User):
    client = await client_of(bob)
    assert await poll(client) == {"results": [], "last_seq": 2}
    for word in ("one", "two"):
        await do(post_message, room=den, author=ada, body=word)
    answer = await poll(client, after=2)
    assert (seqs(answer["results"]), answer["last_seq"]) == ([3, 4], 4)
    assert await poll(client, after=4) == {"results": [], "last_seq": 4}


async def test_a_long_poll_waits_for_the_next_event(den: Room, ada: User, bob: User):
    client = await client_of(bob)
    waiting = asyncio.create_task(poll(client, after=2, wait=30))
    await eventually(lambda: feeds() == 1)
    assert not waiting.done()
    await do(post_message, room=den, author=ada, body="at last")
    answer = await waiting
    assert seqs(answer["results"]) == [3]
    empty = await poll(client, after=3, wait=1)
    assert empty == {"results": [], "last_seq": 3}


async def test_a_poll_too_far_behind_is_told_to_reload(den: Room, ada: User):
    answer = await poll(await client_of(ada), after=99)
    assert answer == {"results": [{"type": "resync", "room": "den", "last_seq": 1}], "last_seq": 1}


async def test_a_client_walks_down_the_ladder_and_up_again_without_loss_or_repetition(den: Room, ada: User, bob: User):
    heard: list[dict[str, Any]] = []

    async def say(count: int) -> int:
        for _ in range(count):
            await do(post_message, room=den, author=ada, body="word")
        return 2 + len(heard) + count

    async with await signed_in(bob) as wire:
        await wire.open("den")
        heard += await numbered(wire, await say(3))
    until = await say(2)
    async with Stream("den", cookie=await cookie(bob), last_event_id=str(heard[-1]["id"])) as stream:
        heard += await stream.numbered(until)
        heard += await stream.numbered(await say(2))
    until = await say(2)
    client = await client_of(bob)
    heard += (await poll(client, after=heard[-1]["id"], wait=5))["results"]
    assert heard[-1]["id"] == until
    until = await say(3)
    async with await signed_in(bob) as wire:
        await wire.open("den", after=heard[-1]["id"])
        heard += await numbered(wire, until)
    assert seqs(heard) == list(range(3, 15))


async def test_all_transports_say_the_same_about_the_same_event(den: Room, ada: User, bob: User):
    posted = await do(post_message, room=den, author=ada, body="soon gone")
    await do(withdraw, message_id=posted.message["id"])
    async with await signed_in(bob) as wire:
        await wire.open("den", after=2)
        by_socket = await numbered(wire, 4)
    async with Stream("den", query="after=2", cookie=await cookie(bob)) as stream:
        by_stream = await stream.numbered(4)
    by_poll = (await poll(await client_of(bob), after=2))["results"]
    assert by_socket == by_stream == by_poll
    assert "soon gone" not in str(by_socket)


def withdraw(message_id: str) -> None:
    from rooms.models import Message

    message = Message.objects.select_related("author", "room").get(pk=message_id)
    withdraw_message(message=message, by=message.author)


async def test_a_stream_or_poll_that_may_not_be_is_refused_in_the_words_of_the_contract(
    den: Room, eve: User, ada: User
):
    stranger, outsider = AsyncClient(), await client_of(eve)
    for client, room, query, status, code in [
        (stranger, "den", {}, 401, "not_authenticated"),
        (outsider, "den", {}, 404, "not_found"),
        (outsider, "nowhere", {}, 404, "not_found"),
        (outsider, "den", {"after": "x"}, 400, "invalid"),
        (outsider, "den", {"wait": "3600"}, 400, "invalid"),
        (outsider, "den", {"nonsense": "1"}, 400, "invalid"),
        (outsider, "den", {"after": str(2**64)}, 400, "invalid"),
    ]:
        for accept in ("application/json", "text/event-stream"):
            response = await client.get(EVENTS.format(room), query, headers={"accept": accept})
            assert (response.status_code, response.json()["code"]) == (status, code)
    refused = await (await client_of(ada)).get(EVENTS.format("den"), headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    assert (await (await client_of(ada)).post(EVENTS.format("den"))).status_code == 405


async def test_programs_poll_and_stream_with_a_token(den: Room, bob: User):
    secret = await token_of(bob, "read")
    bearer = {"authorization": f"Bearer {secret}"}
    assert (await AsyncClient().get(EVENTS.format("den"), headers=bearer)).status_code == 200
    async with Stream("den", query="after=1", authorization=f"Bearer {secret}") as stream:
        assert seqs(await stream.numbered(2)) == [2]


async def test_a_client_that_goes_away_leaves_nothing_behind(den: Room, ada: User):
    async with Stream("den", cookie=await cookie(ada)) as stream:
        await stream.block()
        await eventually(lambda: feeds() == 1)
    await eventually(lambda: feeds() == 0)
    waiting = asyncio.create_task(poll(await client_of(ada), after=1, wait=20))
    await eventually(lambda: feeds() == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await eventually(lambda: feeds() == 0)
    assert not hubs.hub().listeners
