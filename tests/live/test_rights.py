"""Whoever loses the right to read gets `room.closed` and nothing after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from guardian.shortcuts import assign_perm, remove_perm

from rooms import relaying
from rooms.live import feeds, verbs
from rooms.live import hub as hubs
from rooms.models import Message, Room, User
from rooms.services.memberships import change_role, join_room, leave_room, remove_member
from rooms.services.messages import post_message
from rooms.services.rooms import change_room, create_room, delete_room
from tests.waiting import eventually

from .wire import Wire, bearing, do, numbered, seqs, signed_in, token_of


@pytest.fixture(autouse=True)
def lobby(ada: User) -> Room:
    """A room for everybody, to say something in after that which should not be heard."""
    return create_room(creator=ada, name="The lobby", slug="lobby", visibility="public")


async def hears(wire: Wire, room: Room, by: User, word: str) -> None:
    """This socket hears what is said now."""
    posted = await do(post_message, room=room, author=by, body=word)
    await wire.until(lambda frame: frame.get("id") == posted.message["seq"] and frame["room"] == room.slug)


async def misses(wire: Wire, room: Room, by: User, word: str) -> None:
    """This socket hears nothing of the room, neither what was said before nor what is said now."""
    await wire.open("lobby")
    await do(post_message, room=room, author=by, body=word)
    lobby = await Room.objects.aget(slug="lobby")
    last = await do(post_message, room=lobby, author=by, body="a word to everybody")
    assert [frame for frame in await wire.before(last.message) if frame.get("room") == room.slug] == []


async def test_a_removed_member_stops_hearing_the_room(den: Room, ada: User, bob: User):
    async with await signed_in(bob) as wire:
        await wire.open("den")
        await do(remove_member, room=den, user=bob, by=ada)
        assert await wire.until("room.closed") == {"type": "room.closed", "room": "den", "reason": "not_a_member"}
        await misses(wire, den, ada, "now without bob")
        answer = await wire.ask("message.post", room="den", body="am I still in?")
        assert (answer["type"], answer["code"]) == ("error", "not_found")


async def test_a_removed_member_stops_hearing_the_room_also_when_nothing_carries_the_news(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    async def lost(*_: object) -> bool:
        return False

    async with await signed_in(bob) as wire:
        await wire.open("den")
        monkeypatch.setattr(relaying, "publish_frame", lost)
        await do(remove_member, room=den, user=bob, by=ada)
        await do(post_message, room=den, author=ada, body="now without bob")
        assert await wire.until("room.closed") == {"type": "room.closed", "room": "den", "reason": "not_a_member"}
        await misses(wire, den, ada, "and later")


async def test_who_leaves_a_public_room_goes_on_hearing_it_as_a_visitor(square: Room, ada: User, eve: User):
    await do(join_room, room=square, user=eve)
    async with await signed_in(eve) as wire:
        await wire.open("square")
        await do(leave_room, room=square, user=eve)
        assert (await wire.until("membership.ended"))["data"]["username"] == "eve"
        await hears(wire, square, ada, "still for everybody")
        assert (await wire.ask("message.post", room="square", body="me too"))["code"] == "forbidden"


async def test_who_is_removed_from_a_public_room_is_shown_out_and_may_come_back_to_look(
    square: Room, ada: User, eve: User
):
    await do(join_room, room=square, user=eve)
    async with await signed_in(eve) as wire:
        await wire.open("square")
        await do(remove_member, room=square, user=eve, by=ada)
        assert await wire.until("room.closed") == {"type": "room.closed", "room": "square", "reason": "not_a_member"}
        await misses(wire, square, ada, "without eve")
        await wire.open("square")
        await hears(wire, square, ada, "eve looks in again")


async def test_a_grant_taken_back_closes_the_door_it_had_opened(den: Room, ada: User, eve: User):
    await do(assign_perm, perm="rooms.read_room", user_or_group=eve, obj=den)
    async with await signed_in(eve) as wire:
        await wire.open("den")
        await hears(wire, den, ada, "with eve")
        await do(remove_perm, perm="rooms.read_room", user_or_group=eve, obj=den)
        assert (await wire.until("room.closed"))["reason"] == "no_access"
        await misses(wire, den, ada, "without eve")


async def test_a_visitor_is_sent_out_when_the_room_becomes_private_and_a_member_is_not(
    square: Room, ada: User, eve: User
):
    async with await signed_in(eve) as hers, await signed_in(ada) as mine:
        await hers.open("square")
        await mine.open("square")
        await do(change_room, room=square, by=ada, visibility="private")
        assert await hers.until("room.closed") == {"type": "room.closed", "room": "square", "reason": "private"}
        assert (await mine.until("room.changed"))["data"]["visibility"] == "private"
        await hears(mine, square, ada, "only for members")
        await misses(hers, square, ada, "without eve")


async def test_a_deleted_room_closes_for_everybody(den: Room, ada: User, bob: User):
    async with await signed_in(bob) as his, await signed_in(ada) as mine:
        await his.open("den")
        await mine.open("den")
        await do(delete_room, room=den, by=ada)
        for wire in (his, mine):
            assert await wire.until("room.closed") == {"type": "room.closed", "room": "den", "reason": "deleted"}


async def test_a_demoted_moderator_no_longer_sees_what_is_held(den: Room, ada: User, bob: User, mod: User):
    held = await do(post_message, room=den, author=bob, body="held words")
    await do(hold, message_id=held.message["id"])
    async with await signed_in(mod) as wire:
        await wire.open("den", after=3)
        assert (await wire.hear())["data"]["message"]["body"] == "held words"
        await do(change_role, room=den, user=mod, role="member", by=ada)
        assert (await wire.until("membership.changed"))["data"]["role"] == "member"
        second = await do(post_message, room=den, author=bob, body="more held words")
        await do(hold, message_id=second.message["id"])
        await wire.until("message.posted")  # it was for everybody until it was held
        await wire.open("den", after=3)
        frames = await numbered(wire, 6)
    assert [frame["type"] for frame in frames] == ["skip", "membership.changed", "skip"]


def hold(message_id: str) -> None:
    Message.objects.filter(pk=message_id).update(state="held")


async def test_a_whisper_is_skipped_for_everybody_else_and_its_number_still_counts(
    den: Room, ada: User, bob: User, mod: User
):
    async with await signed_in(bob) as his, await signed_in(mod) as theirs:
        await his.open("den")
        await theirs.open("den")
        await do(post_message, room=den, author=ada, body="only bob", visible_to=["bob"])
        await do(post_message, room=den, author=ada, body="all of you")
        assert [f["type"] for f in await numbered(his, 5)] == ["message.posted"] * 2
        heard = await numbered(theirs, 5)
        assert heard[0] == {"type": "skip", "room": "den", "id": 4}
        await theirs.open("den", after=3)
        assert await numbered(theirs, 5) == heard


async def test_an_outsider_and_a_room_that_does_not_exist_get_the_same_answer(den: Room, eve: User):
    async with await signed_in(eve) as wire:
        answers = [await wire.ask("room.open", room=slug) for slug in ("den", "nowhere")]
        for answer in answers:
            answer.pop("ref")
        assert answers[0] == answers[1]
        assert answers[0]["code"] == "not_found"
        assert (await wire.ask("message.post", room="den", body="hello?"))["code"] == "not_found"
    async with await signed_in(eve, "/ws/chat/den/") as wire:
        assert (await wire.hear())["code"] == "not_found"
        assert await wire.closed() == 4403


async def test_the_address_of_a_room_is_the_same_socket_with_that_room_opened(den: Room, ada: User, bob: User):
    await do(post_message, room=den, author=ada, body="before")
    async with await signed_in(bob, "/ws/chat/den/?after=2") as wire:
        assert (await wire.hear())["type"] == "ack"
        assert (await wire.hear())["id"] == 3
        assert (await wire.ask("ping"))["type"] == "pong"


async def test_a_grant_by_name_opens_a_private_room_and_a_superuser_reads_as_a_moderator(
    den: Room, ada: User, bob: User, eve: User
):
    assign = lambda: assign_perm("rooms.read_room", eve, den)
    await do(assign)
    async with await signed_in(eve) as wire:
        assert (await wire.open("den"))["role"] is None
        await hears(wire, den, ada, "by exception")
        assert (await wire.ask("message.post", room="den", body="I may not speak"))["code"] == "forbidden"
        await do(lambda: assign_perm("rooms.post_message", eve, den))

        async def may_speak() -> bool:
            answer = await wire.ask("message.post", room="den", body="now I may")
            return bool(answer["type"] == "ack")

        assert verbs.KNOWN_FOR <= 2
        await eventually(may_speak)


async def test_a_token_reads_only_where_it_is_bound_and_writes_only_with_its_scope(
    den: Room, square: Room, ada: User, bob: User
):
    async with bearing(await token_of(ada, "read", rooms=[square])) as wire:
        assert (await wire.ask("room.open", room="den"))["code"] == "not_found"
        await wire.open("square")
        assert (await wire.ask("message.post", room="square", body="no"))["code"] == "forbidden"
    async with bearing(await token_of(ada, "write")) as wire:
        assert (await wire.ask("room.open", room="square"))["code"] == "forbidden"
        assert (await wire.ask("presence", room="square"))["code"] == "forbidden"
        assert (await wire.ask("message.post", room="square", body="written unread"))["type"] == "ack"


@pytest.mark.parametrize("moment", ["while the room is looked up", "before the log is read"])
async def test_a_removal_in_the_middle_of_opening_lets_nothing_through(
    den: Room, ada: User, bob: User, moment: str, monkeypatch: pytest.MonkeyPatch
):
    async def and_then(work: Callable[..., Awaitable[object]], *args: object) -> object:
        result = await work(*args)
        if not removed:
            removed.append(True)
            await do(remove_member, room=den, user=bob, by=ada)
            await do(post_message, room=den, author=ada, body="now without bob")
        return result

    removed: list[bool] = []
    if moment == "while the room is looked up":
        look = verbs.place_of
        monkeypatch.setattr(verbs, "place_of", lambda *args: and_then(look, *args))
    else:
        subscribe = hubs.Hub._channel
        monkeypatch.setattr(hubs.Hub, "_channel", lambda *args: and_then(subscribe, *args))
    async with await signed_in(bob) as wire:
        await wire.say("room.open", room="den")
        frames = [await wire.hear(), await wire.hear()]
        await misses(wire, den, ada, "and later")
    assert [frame["type"] for frame in frames] == ["ack", "room.closed"]
    assert seqs(frames) == []


async def test_while_the_database_cannot_be_asked_a_doubtful_feed_says_nothing(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    from rooms.errors import Unavailable

    ask = feeds.place_of

    asked: list[object] = []

    async def no_answer(*_: object) -> None:
        asked.append(_)
        raise Unavailable

    async with await signed_in(bob) as wire:
        await wire.open("den")
        monkeypatch.setattr(feeds, "place_of", no_answer)
        await do(change_role, room=den, user=bob, role="guest", by=ada)
        await misses(wire, den, ada, "who hears this?")
        await eventually(lambda: len(asked) > 1)
        monkeypatch.setattr(feeds, "place_of", ask)
        assert [frame["type"] for frame in await numbered(wire, 4)] == ["membership.changed", "message.posted"]
