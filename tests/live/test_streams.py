"""Text as it is written: passed on in order, kept for those who join late, and only for those who may read it."""

from __future__ import annotations

from uuid import uuid4

from rooms.live import streams
from rooms.live.press import KEEP
from rooms.live.store import key, store
from rooms.models import Message, Room, User
from rooms.services.messages import finish_message, post_message, start_message

from .wire import do, numbered, signed_in


async def started(room: Room, author: User, visible_to: list[int] | None = None) -> Message:
    message: Message = await do(start_message, room=room, author=author, run=uuid4(), visible_to=visible_to)
    return message


async def test_everyone_sees_the_text_grow_between_its_start_and_its_end(den: Room, bob: User, echo: User):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        message = await started(den, echo)
        for offset, text in ((0, "Hel"), (3, "lo "), (6, "👋🏽 bob")):
            await streams.send_text(message, offset, text)
        await do(finish_message, message=message, body="Hello 👋🏽 bob")
        frames = [await wire.hear() for _ in range(5)]
    assert [frame["type"] for frame in frames] == ["message.started", *["message.text"] * 3, "message.finished"]
    assert frames[0]["data"]["message"]["state"] == "writing"
    shown = ""
    for frame in frames[1:4]:
        assert "id" not in frame
        assert frame["data"]["message"] == str(message.pk)
        assert frame["data"]["offset"] == len(shown)
        shown += frame["data"]["text"]
    assert shown == frames[4]["data"]["message"]["body"] == "Hello 👋🏽 bob"


async def test_what_was_shown_so_far_can_be_fetched_by_whoever_comes_late(den: Room, echo: User):
    message = await started(den, echo)
    for offset, text in ((0, "One | two"), (9, "\nthree"), (15, "…")):
        await streams.send_text(message, offset, text)
    assert await streams.atext_so_far(message.pk) == "One | two\nthree…"
    assert await streams.atext_so_far(uuid4()) == ""


def test_a_lost_piece_is_a_hole_and_never_wrong_text():
    assert streams.joined(["0|one", "6|three"]) == "one"
    assert streams.joined(["0|one", "3|two", "3|two", "6|!"]) == "onetwo!"
    assert streams.joined(["0|first try", "0|second"]) == "second"
    assert streams.joined([]) == ""


async def test_the_text_of_a_whispered_reply_reaches_only_those_it_is_for(
    den: Room, ada: User, bob: User, mod: User, echo: User
):
    async with await signed_in(bob) as his, await signed_in(mod) as theirs:
        await his.open("den")
        await theirs.open("den")
        message = await started(den, echo, visible_to=[bob.pk])
        await streams.send_text(message, 0, "for your ears only")
        await do(finish_message, message=message, body="for your ears only")
        mine = [await his.hear() for _ in range(3)]
        others = await numbered(theirs, message.seq + 1)
        last = (await do(post_message, room=den, author=ada, body="for everybody")).message
        assert [frame["type"] for frame in mine] == ["message.started", "message.text", "message.finished"]
        assert [frame["type"] for frame in others] == ["skip", "skip"]
        assert "ears" not in str(theirs.heard + await theirs.before(last))


async def test_text_goes_on_after_redis_has_lost_what_it_was_taught(den: Room, bob: User, echo: User):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        message = await started(den, echo)
        await streams.send_text(message, 0, "one ")
        await store().redis.script_flush()
        await streams.send_text(message, 4, "two")
        frames = [await wire.hear() for _ in range(3)]
    assert [frame["data"].get("text") for frame in frames] == [None, "one ", "two"]
    assert await streams.atext_so_far(message.pk) == "one two"


async def test_what_redis_cannot_keep_is_told_all_the_same(den: Room, bob: User, echo: User):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        message = await started(den, echo)
        await store().redis.set(key("text", message.pk), "no list")
        await streams.send_text(message, 0, "one")
        frames = [await wire.hear() for _ in range(2)]
    assert frames[1]["data"]["text"] == "one"


async def test_a_list_of_pieces_has_an_end_and_none_is_begun_in_its_midst(den: Room, echo: User):
    message = await started(den, echo)
    await streams.send_text(message, 5, "in the midst")
    assert await store().redis.exists(key("text", message.pk)) == 0
    await streams.send_text(message, 0, "from its beginning")
    assert 0 < await store().redis.ttl(key("text", message.pk)) <= KEEP
