from __future__ import annotations

import pytest

from rooms.models import Room, User
from rooms.services.messages import post_message
from tests.files import attached

from .wire import bearing, do, numbered, seqs, signed_in, token_of


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
        last = await mine.ask("message.post", room="den", body="and on")
        assert seqs(await his.before(last["data"])) == []


async def test_a_message_is_edited_marked_and_taken_back_over_the_socket(den: Room, ada: User, bob: User, mod: User):
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        await his.open("den")
        message = (await hers.ask("message.post", room="den", body="hello"))["data"]["id"]
        edited = (await hers.ask("message.edit", message=message, body="hello again"))["data"]
        assert (edited["id"], edited["body"], edited["state"]) == (message, "hello again", "visible")
        assert (await his.until("message.edited"))["data"]["message"]["body"] == "hello again"
        assert (await his.ask("message.edit", message=message, body="not mine"))["code"] == "forbidden"
        assert (await his.ask("reaction.add", message=message, emoji="👍", room="den"))["type"] == "ack"
        added = await his.until("reaction.added")
        assert [mark["users"] for mark in added["data"]["message"]["reactions"]] == [["bob"]]
        assert (await his.ask("reaction.remove", message=message, emoji="👍"))["type"] == "ack"
        assert (await his.until("reaction.removed"))["data"]["message"]["reactions"] == []
        assert (await his.ask("message.delete", message=message))["code"] == "forbidden"
        assert (await hers.ask("message.delete", id=message))["data"]["state"] == "withdrawn"
        assert (await his.until("message.withdrawn"))["data"]["message"]["body"] == ""
        second = (await his.ask("message.post", room="den", body="rude"))["data"]["id"]
        async with await signed_in(mod) as theirs:
            await theirs.ask("message.delete", message=second, reason="rude")
        redacted = await his.until("message.redacted")
        assert (redacted["data"]["reason"], redacted["data"]["message"]["html"]) == ("rude", "")


async def test_the_read_mark_moves_forward_and_not_past_the_end(den: Room, ada: User, bob: User):
    async with await signed_in(bob) as wire:
        await do(post_message, room=den, author=ada, body="one")
        assert (await wire.ask("read.mark", room="den", seq=3))["data"] == {"read_seq": 3}
        assert (await wire.ask("read.mark", room="den", seq=1))["data"] == {"read_seq": 3}
        assert (await wire.ask("read.mark", room="den", seq=10**15))["data"] == {"read_seq": 3}


async def test_articles_are_drawn_for_those_who_ask_once_per_event(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    from rooms.web import drawing

    drawn: list[str] = []
    draw = drawing.draw_message

    def counted(message: drawing.Message) -> str:
        drawn.append(message["body"])
        return draw(message)

    monkeypatch.setattr(drawing, "draw_message", counted)
    wires = [await signed_in(user) for user in (ada, bob, bob)]
    for wire in wires:
        await wire.__aenter__()
    for wire, draws in zip(wires, (True, True, False), strict=True):
        await wire.open("den", draw=draws)
    await do(post_message, room=den, author=ada, body="see **me**")
    frames = [await wire.until("message.posted") for wire in wires]
    for wire in wires:
        await wire.__aexit__()
    assert drawn == ["see **me**"]
    assert ["article" in frame for frame in frames] == [True, True, False]
    assert "<strong>me</strong>" in frames[0]["article"]
    assert frames[0]["article"] == frames[1]["article"]


async def test_an_article_that_cannot_be_drawn_leaves_the_frame_as_it_is(
    den: Room, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    from rooms.web import drawing

    def broken(message: object) -> str:
        raise RuntimeError("a broken template")

    monkeypatch.setattr(drawing, "draw_message", broken)
    async with await signed_in(bob) as wire:
        await wire.open("den", draw=True)
        await do(post_message, room=den, author=ada, body="still said")
        frame = await wire.until("message.posted")
    assert frame["data"]["message"]["body"] == "still said"
    assert "article" not in frame


async def test_a_room_opened_quietly_counts_along_without_being_there(den: Room, ada: User, bob: User):
    async with await signed_in(bob) as his, await signed_in(ada) as hers:
        await his.open("den", quiet=True)
        await hers.open("den")
        assert (await hers.ask("presence", room="den"))["data"]["users"] == ["ada"]
        await hers.ask("typing", room="den")
        posted = await hers.ask("message.post", room="den", body="one more to read")
        assert await his.before(posted["data"]) == []


async def test_commands_of_one_socket_are_done_in_order(den: Room, bob: User):
    async with await signed_in(bob) as wire:
        refs = [await wire.say("message.post", room="den", body=f"{number}") for number in range(20)]
        answers = [await wire.hear() for _ in refs]
    assert [answer["ref"] for answer in answers] == refs
    assert [answer["data"]["body"] for answer in answers] == [str(number) for number in range(20)]


async def test_who_sends_too_much_over_the_socket_is_told_when_to_go_on(den: Room, gus: User, settings):
    settings.SENDS_PER_MINUTE, settings.SENDS_PER_MINUTE_GUEST = 20, 2
    async with await signed_in(gus) as wire:
        answers = [await wire.ask("message.post", room="den", body=f"number {number}") for number in range(3)]
    assert [answer["type"] for answer in answers] == ["ack", "ack", "error"]
    refused = answers[-1]
    assert (refused["code"], 0 < refused["retry_after"] <= 60) == ("rate_limited", True)
    assert refused["detail"].startswith("You have sent 2 messages in this room within a minute. You can go on in ")


async def test_a_file_goes_with_a_message_over_the_socket_and_whoever_may_not_read_it_gets_no_frame(
    den: Room, ada: User, bob: User, mod: User, eve: User
):
    one, two = (
        await do(attached, room=den, by=ada),
        await do(attached, room=den, by=ada, name="notes.txt", content=b"milk"),
    )
    async with await signed_in(ada) as hers, await signed_in(bob) as his, await signed_in(mod) as theirs:
        for wire in (his, theirs):
            await wire.open("den")
        said = {"room": "den", "attachments": [str(two.pk), str(one.pk)], "client_id": "c1"}
        posted = (await hers.ask("message.post", **said))["data"]
        assert [file["name"] for file in posted["attachments"]] == ["notes.txt", "cat.png"]
        heard = (await his.until("message.posted"))["data"]["message"]
        assert heard["attachments"] == posted["attachments"]
        assert (await hers.ask("message.post", **said))["data"]["id"] == posted["id"]
        refused = await hers.ask("message.post", room="den", body="again", attachments=[str(one.pk)])
        assert (refused["code"], list(refused["fields"])) == ("invalid", ["attachments"])
        assert (await hers.ask("message.post", room="den"))["fields"] == {"body": ["This field is required."]}
        secret = await do(attached, room=den, by=ada, name="secret.png")
        await hers.ask("message.post", room="den", visible_to=["bob"], attachments=[str(secret.pk)])
        assert (await his.until("message.posted"))["data"]["message"]["attachments"][0]["name"] == "secret.png"
        assert (await theirs.until("skip"))["id"] == heard["seq"] + 1
    async with await signed_in(eve) as wire:
        assert (await wire.ask("message.post", room="den", attachments=[str(one.pk)]))["code"] == "not_found"
