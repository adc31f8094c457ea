"""Nothing a client says over a socket ends it, and nothing makes an exception of ours."""

from __future__ import annotations

import logging

import pytest

from rooms.live.commands import COMMANDS, Command, register
from rooms.models import Room, User

from .wire import ORIGIN, Wire, bearing, session_of, signed_in, token_of

NOT_A_COMMAND = [
    "",
    "nonsense",
    "null",
    "[]",
    "3",
    '"room.open"',
    "{",
    '{"type":"ping"',
    '{"type":"ping","ref":"1"}{"type":"ping"}',
    "NaN",
    '{"type":"ping","ref":NaN}',
    '{"type":"\\ud800"}',
    '{"type":"message.post","room":"den","body":"\\udc00"}',
    "[" * 50_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
    '{"type":"ping","ref":' + "9" * 5_000 + "}",
    '{"type":{"$ne":1}}',
    '{"type":["ping"]}',
    '{"type":"ping","ref":{"a":1}}',
    '{"type":"ping","ref":"' + "x" * 100 + '"}',
    '{"type":"__class__"}',
    '{"type":"room.open"}',
    '{"type":"room.open","room":null}',
    '{"type":"room.open","room":["den"]}',
    '{"type":"room.open","room":"den\\u0000"}',
    '{"type":"room.open","room":"../den"}',
    '{"type":"room.open","room":"den","after":-1}',
    '{"type":"room.open","room":"den","after":1e400}',
    '{"type":"room.open","room":"den","after":18446744073709551616}',
    '{"type":"room.open","room":"den","after":"1"}',
    '{"type":"room.open","room":"den","after":true}',
    '{"type":"room.open","room":"den","user":"ada"}',
    '{"type":"message.post","room":"den","body":"x\\u0000y"}',
    '{"type":"message.post","room":"den","body":{"a":"b"}}',
    '{"type":"message.post","room":"den","body":"x","author":"ada"}',
    '{"type":"message.post","room":"den","body":"x","reply_to":"1 OR 1=1"}',
    '{"type":"message.post","room":"den","body":"x","reply_to":"\\u0000"}',
    '{"type":"message.post","room":"den","body":"x","client_id":"\\u0000"}',
    '{"type":"message.post","room":"den","body":"x","visible_to":["nobody"]}',
    '{"type":"message.post","room":"den","body":"x","visible_to":["\\u0000"]}',
    '{"type":"message.post","room":"den","body":"x","visible_to":[[1]]}',
    '{"type":"message.post","room":"den","body":"   "}',
    '{"type":"message.edit","message":"x","body":"x"}',
    '{"type":"message.edit","message":"00000000-0000-0000-0000-000000000000","body":"x"}',
    '{"type":"message.delete","message":"\\u0000"}',
    '{"type":"reaction.add","message":"00000000-0000-0000-0000-000000000000","emoji":"\\u0000"}',
    '{"type":"read.mark","room":"den","seq":99999999999999999999}',
    '{"type":"read.mark","room":"den","seq":1.5}',
    '{"type":"typing","room":"elsewhere"}',
    '{"type":"presence","room":"elsewhere"}',
]


@pytest.fixture(autouse=True)
def no_exception_of_ours(caplog: pytest.LogCaptureFixture):
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_whatever_is_no_command_is_answered_with_an_error_and_the_socket_stays(den: Room, bob: User):
    async with await signed_in(bob) as wire:
        for text in NOT_A_COMMAND:
            await wire.raw(text)
            answer = await wire.hear()
            assert answer["type"] == "error", text
            assert answer["code"] in {"invalid", "not_found"}, (text, answer)
            assert answer["detail"]
        assert (await wire.ask("ping"))["type"] == "pong"


async def test_frames_that_are_too_large_or_binary_are_answered_with_an_error(den: Room, bob: User):
    async with await signed_in(bob) as wire:
        for text in ("x" * 65_537, "é" * 40_000, '{"type":"ping","x":"' + "y" * 1024 * 1024 + '"}'):
            await wire.raw(text)
            assert (await wire.hear())["code"] == "too_large"
        for data in (b"\x00\xff", b'{"type":"ping"}', b""):
            await wire.raw(data=data)
            assert (await wire.hear())["code"] == "invalid"
        answer = await wire.ask("message.post", room="den", body="x" * 40_000)
        assert answer["code"] == "too_large"
        assert (await wire.ask("ping"))["type"] == "pong"


async def test_strange_but_legal_text_is_kept_as_it_was_said(den: Room, bob: User):
    strange = [
        "e" + "\u0301" * 3_000,
        "\u202egnirts",
        "\u200b.\u200b",
        "👩‍👩‍👧‍👦" * 50,
        "\x07bell",
        "<script>alert(1)</script>",
    ]
    async with await signed_in(bob) as wire:
        for body in strange:
            answer = await wire.ask("message.post", room="den", body=body)
            assert answer["data"]["body"] == body
            assert "<script" not in answer["data"]["html"]


async def test_every_answer_carries_its_ref_and_unknown_fields_are_named(den: Room, bob: User):
    async with await signed_in(bob) as wire:
        await wire.raw('{"type":"ping","ref":7,"pong":1}')
        answer = await wire.hear()
        assert (answer["ref"], answer["code"], list(answer["fields"])) == (7, "invalid", ["pong"])
        for type in COMMANDS:
            ref = await wire.say(type, **{"no such field": 1})
            assert (await wire.hear())["ref"] == ref


async def test_a_command_that_breaks_is_answered_and_logged(bob: User, caplog: pytest.LogCaptureFixture, monkeypatch):
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(COMMANDS, "test.broken", Command({}, broken))
    async with await signed_in(bob) as wire:
        assert (await wire.ask("test.broken"))["code"] == "error"
        assert (await wire.ask("ping"))["type"] == "pong"
    assert "test.broken" in caplog.text
    assert "a fault of ours" in caplog.text
    caplog.clear()


def test_a_command_has_one_owner():
    with pytest.raises(ValueError, match="already"):
        register("ping", COMMANDS["ping"])


async def test_only_our_own_pages_and_programs_with_a_token_get_a_socket(bob: User):
    key = (await session_of(bob)).encode()
    cookie = (b"cookie", b"sessionid=" + key)
    strangers = [
        None, "null", "http://evil.test", "https://testserver", "http://testserver:8080", "http://testserver.evil.test",
        "http://sub.testserver", "http://user@testserver", "http://testserver/", "http://testserver\x0b", "file://", "",
    ]  # fmt: skip
    for origin in strangers:
        headers = [cookie] if origin is None else [cookie, (b"origin", origin.encode())]
        async with Wire("/ws/", headers) as wire:
            assert await wire.closed() == 4403, origin
    async with Wire("/ws/", [cookie, (b"origin", ORIGIN.encode())]) as wire:
        assert (await wire.ask("ping"))["type"] == "pong"


async def test_two_origins_are_one_too_many(bob: User):
    cookie = (b"cookie", f"sessionid={await session_of(bob)}".encode())
    async with Wire("/ws/", [cookie, (b"origin", ORIGIN.encode()), (b"origin", b"http://evil.test")]) as wire:
        assert await wire.closed() == 4403


async def test_who_is_not_signed_in_is_told_by_the_close_code(bob: User):
    origin = (b"origin", ORIGIN.encode())
    cookie = (b"cookie", f"sessionid={await session_of(bob)}".encode())
    secret = await token_of(bob)
    for headers, subprotocols in [
        ([], None),
        ([origin], None),
        ([origin, (b"cookie", b"sessionid=unknown")], None),
        ([origin, (b"cookie", b"sessionid=\xff\x00")], None),
        ([(b"authorization", b"Bearer unknown")], None),
        ([(b"authorization", b"Basic Ym9iOmJvYg==")], None),
        ([(b"authorization", b"Bearer ")], None),
        ([origin, cookie, (b"authorization", b"Bearer unknown")], None),
        ([origin, cookie], ["chat.v1", "bearer.unknown"]),
        ([], ["chat.v1", "bearer."]),
    ]:
        async with Wire("/ws/", headers, subprotocols) as wire:
            assert await wire.closed() == 4401, (headers, subprotocols)
    async with Wire(f"/ws/?token={secret}&access_token={secret}", [origin]) as wire:
        assert await wire.closed() == 4401


async def test_a_token_may_come_as_a_subprotocol_and_is_not_echoed(bob: User):
    async with Wire("/ws/", subprotocols=["chat.v1", f"bearer.{await token_of(bob)}"]) as wire:
        assert wire.subprotocol == "chat.v1"
        assert (await wire.ask("ping"))["type"] == "pong"
    async with bearing(await token_of(bob)) as wire:
        assert wire.subprotocol is None


async def test_an_address_that_is_no_socket_is_refused_without_an_exception(bob: User):
    for path in ("/ws/nowhere/", "/ws", "/ws/chat/", "/ws/chat/no such/", "/ws/chat/den/extra/"):
        wire = await signed_in(bob, path)
        with pytest.raises(AssertionError, match=r"websocket\.close"):
            await wire.__aenter__()


async def test_somebody_who_opens_more_rooms_than_anybody_needs_is_stopped(square: Room, bob: User, monkeypatch):
    from rooms.live import verbs

    monkeypatch.setattr(verbs, "MAX_ROOMS", 1)
    async with await signed_in(bob) as wire:
        await wire.open("den")
        await wire.open("den")
        assert (await wire.ask("room.open", room="square"))["code"] == "conflict"
