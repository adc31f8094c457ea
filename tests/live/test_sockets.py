from __future__ import annotations

from rooms.models import Room, User
from rooms.services.messages import post_message

from .wire import bearing, do, numbered, signed_in, token_of


async def test_whoever_opens_a_room_gets_the_ack_first_then_what_they_missed_then_what_happens(
    den: Room, ada: User, bob: User
):
    for word in ("one", "two", "three"):
        await do(post_message, room=den, author=ada, body=word)
    async with await signed_in(bob) as wire:
        await wire.say("room.open", room="den", after=2)
        ack = await wire.hear()
        assert (ack["type"], ack["data"]["last_seq"]) == ("ack", 5)
        missed = await numbered(wire, 5)
        await do(post_message, room=den, author=ada, body="four")
        live = await numbered(wire, 6)
    assert [frame["id"] for frame in missed + live] == [3, 4, 5, 6]
    assert [frame["data"]["message"]["body"] for frame in missed + live] == ["one", "two", "three", "four"]


async def test_a_message_posted_over_the_socket_is_acknowledged_and_heard_once(den: Room, ada: User, bob: User):
    async with await signed_in(ada) as mine, bearing(await token_of(bob)) as his:
        await mine.open("den")
        await his.open("den")
        await mine.say("message.post", room="den", body="hello **bob**", client_id="c1")
        frames = [await mine.hear(), await mine.hear()]
        ack = next(frame for frame in frames if frame["type"] == "ack")
        event = next(frame for frame in frames if frame["type"] == "message.posted")
        assert ack["data"] == event["data"]["message"]
        assert (await his.until("message.posted"))["data"] == event["data"]
        again = await mine.ask("message.post", room="den", body="hello **bob**", client_id="c1")
        assert again["data"]["id"] == ack["data"]["id"]
        assert [f for f in await his.silent() if "id" in f] == []
