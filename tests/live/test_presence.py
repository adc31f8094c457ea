from __future__ import annotations

from typing import Any

import pytest

from rooms.live import hub as hubs
from rooms.live import presence, verbs
from rooms.live.store import key, store
from rooms.models import Room, User
from tests.waiting import eventually

from .wire import Wire, client_of, signed_in


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT", 0.1)
    monkeypatch.setattr(presence, "LASTS", 60)


async def here(wire: Wire) -> list[str]:
    data: dict[str, Any] = (await wire.ask("presence", room="den"))["data"]
    users: list[str] = data["users"]
    return users


async def test_coming_and_going_is_told_and_a_person_with_two_tabs_is_here_once(den: Room, ada: User, bob: User):
    async with await signed_in(ada) as hers:
        await hers.open("den")
        assert await here(hers) == ["ada"]
        async with await signed_in(bob) as his, await signed_in(bob) as second:
            await his.open("den")
            await second.open("den")
            assert (await hers.until("presence"))["data"] == {"joined": ["bob"], "left": []}
            assert await here(hers) == await here(his) == ["ada", "bob"]
            await second.ask("room.close", room="den")
            assert await here(hers) == ["ada", "bob"]
        assert (await hers.until("presence"))["data"] == {"joined": [], "left": ["bob"]}
        assert await here(hers) == ["ada"]
    told = [frame["data"] for frame in hers.heard if frame["type"] == "presence"]
    assert len(told) == 2


async def test_who_comes_before_anybody_was_counted_is_told_too(den: Room, ada: User, bob: User):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        assert (await hers.until("presence"))["data"] == {"joined": ["bob"], "left": []}


async def test_who_is_here_in_another_process_is_here_until_that_process_has_been_silent(
    den: Room, ada: User, bob: User
):
    elsewhere = hubs.Hub()
    async with await signed_in(ada) as hers:
        await hers.open("den")
        await here(hers)
        channel = hubs.hub().rooms[den.pk]
        where, process = key("here", den.pk), elsewhere.presence._process
        await store().ask(lambda redis: redis.eval(presence.EXCHANGE, 1, where, process, 60, "bob"))
        assert (await hers.until("presence"))["data"] == {"joined": ["bob"], "left": []}
        assert await presence.who(den.pk) == ["ada", "bob"]
        response = await (await client_of(ada)).get("/api/v1/rooms/den/presence/")
        assert response.json() == {"results": ["ada", "bob"]}
        await store().ask(lambda redis: redis.zadd(where, {f"bob|{process}": 0}))  # his time is over
        assert (await hers.until("presence"))["data"] == {"joined": [], "left": ["bob"]}
        assert channel.feeds
    await eventually(lambda: gone(den))


async def gone(den: Room) -> bool:
    return await presence.who(den.pk) == []


async def test_presence_of_a_room_is_not_for_outsiders(den: Room, ada: User, eve: User):
    async with await signed_in(eve) as hers:
        assert (await hers.ask("presence", room="den"))["code"] == "not_found"


async def test_typing_is_passed_on_with_the_time_it_holds_and_not_at_every_key(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verbs, "TYPING_EVERY", 60)
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await hers.open("den")
        await his.open("den")
        for _ in range(5):
            assert (await hers.ask("typing", room="den"))["type"] == "ack"
        last = await hers.ask("message.post", room="den", body="done")
        frames = [frame for frame in await his.before(last["data"]) if frame["type"] == "typing"]
    assert [frame["data"] for frame in frames] == [
        {"user": {"username": "ada", "display_name": "Ada"}, "expires_in": 6}
    ]
    assert all("id" not in frame for frame in frames)


async def test_a_visitor_who_may_not_speak_cannot_pretend_to_type(square: Room, eve: User):
    async with await signed_in(eve) as hers:
        await hers.open("square")
        assert (await hers.ask("typing", room="square"))["code"] == "forbidden"
