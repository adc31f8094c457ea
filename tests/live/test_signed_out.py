"""A sign-in that ends takes its open connections with it within two seconds, with or without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import logout
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.http import HttpRequest
from django.test import AsyncClient

from rooms import relaying
from rooms.background import in_thread
from rooms.live import consumer, control
from rooms.live import hub as hubs
from rooms.models import ApiToken, Revocation, Room, User
from rooms.services.messages import post_message
from rooms.services.tokens import create_token, revoke_token, sign_out_everywhere
from tests.waiting import eventually

from .stream import Stream
from .wire import ORIGIN, Wire, bearing, do, feeds, session_of


class Connections:
    """Everything one sign-in has open at once: a socket, an event stream, a long-poll."""

    def __init__(self, wire: Wire, stream: Stream, poll: asyncio.Task[Any]) -> None:
        self.wire, self.stream, self.poll = wire, stream, poll

    async def all_end(self) -> None:
        assert await self.wire.closed() == 4401
        assert (await self.stream.until("room.closed"))["reason"] == "signed_out"
        await self.stream.ended()
        assert (await self.poll).status_code == 401

    async def all_stay(self, room: Room, by: User) -> None:
        await everything_is_looked_at()
        assert not self.poll.done()
        await do(post_message, room=room, author=by, body="still here?")
        assert (await self.wire.until("message.posted"))["id"]
        assert (await self.stream.until("message.posted"))["id"]
        assert (await self.poll).status_code == 200


async def everything_is_looked_at() -> None:
    """The hub has looked for revocations, and whoever one of them may concern was looked at."""
    await hubs.hub().sign_ins.look()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if "reconsider" in repr(task.get_coro())])


@asynccontextmanager
async def open_with(wire: Wire, **headers: str) -> AsyncIterator[Connections]:
    async with AsyncExitStack() as stack:
        before = feeds()
        await stack.enter_async_context(wire)
        await wire.open("den")
        stream = await stack.enter_async_context(Stream("den", **headers))
        await stream.block()
        client = AsyncClient()
        client.cookies.load(headers.pop("cookie", ""))
        poll = asyncio.create_task(client.get("/api/v1/rooms/den/events/", {"wait": 30}, headers=headers))
        await eventually(lambda: feeds() == before + 3)
        yield Connections(wire, stream, poll)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)


def by_session(key: str) -> Any:
    cookie = f"sessionid={key}"
    return open_with(Wire("/ws/", [(b"cookie", cookie.encode()), (b"origin", ORIGIN.encode())]), cookie=cookie)


def by_token(secret: str) -> Any:
    return open_with(bearing(secret), authorization=f"Bearer {secret}")


def sign_out_as_a_browser_does(key: str, user: User) -> None:
    request = HttpRequest()
    request.session, request.user = SessionStore(key), user
    logout(request)


def change_password(user: User) -> None:
    user.set_password("quite another password")
    user.save()


def deactivate(user: User) -> None:
    user.is_active = False
    user.save()


def deactivate_in_bulk(user: User) -> None:
    sign_out_everywhere(user, "suspended")


ENDS: list[Callable[[User], None]] = [change_password, deactivate, deactivate_in_bulk]


@pytest.fixture(params=["Redis carries the news", "nothing carries the news"])
def carried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object, **__: object) -> bool:
        return False

    if request.param == "nothing carries the news":
        monkeypatch.setattr(relaying, "publish_control", lost)


@pytest.mark.usefixtures("carried")
async def test_signing_out_closes_that_session_and_no_other(den: Room, ada: User, bob: User):
    key, elsewhere = await session_of(bob), await session_of(bob)
    async with by_session(key) as here, by_session(elsewhere) as there:
        await in_thread(sign_out_as_a_browser_does, key, bob)
        await here.all_end()
        await there.all_stay(den, ada)


@pytest.mark.usefixtures("carried")
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_what_ends_every_sign_in_of_a_person_closes_all_their_sessions(
    den: Room, ada: User, bob: User, end: Callable[[User], None]
):
    mine, elsewhere, hers = await session_of(bob), await session_of(bob), await session_of(ada)
    async with by_session(mine) as one, by_session(elsewhere) as two, by_session(hers) as others:
        await in_thread(end, bob)
        await one.all_end()
        await two.all_end()
        await others.all_stay(den, ada)


@pytest.mark.usefixtures("carried")
async def test_a_revoked_token_closes_what_came_in_with_it_and_nothing_else(den: Room, ada: User, bob: User):
    token, secret = await do(create_token, user=bob, name="one", scopes=["read", "write"])
    _, other = await do(create_token, user=bob, name="two", scopes=["read", "write"])
    async with by_token(secret) as gone, by_token(other) as kept:
        await do(revoke_token, token=token)
        await gone.all_end()
        await kept.all_stay(den, ada)


def test_two_seconds_are_enough_for_a_look_and_for_looking_again():
    assert hubs.LOOK + control.AGAIN <= 2


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each check of a sign-in was due, in seconds; all are made at once instead."""
    due: list[float] = []
    check_in = consumer.Socket.check_in

    def at_once(self: consumer.Socket, seconds: float) -> None:
        due.append(seconds)
        check_in(self, 0.1)

    monkeypatch.setattr(consumer.Socket, "check_in", at_once)
    return due


async def test_a_token_ends_at_its_time(den: Room, bob: User, checks: list[float]):
    token, secret = await do(create_token, user=bob, name="short", scopes=["read"], expires_in=timedelta(minutes=1))
    async with bearing(secret) as wire:
        await wire.open("den")
        assert 0 < checks[0] <= 61
        await ApiToken.objects.filter(pk=token.pk).aupdate(expires_at=Now())
        assert await wire.closed() == 4401
    async with bearing(secret) as wire:
        assert await wire.closed() == 4401


async def test_a_session_ends_at_its_time_unless_it_was_prolonged(den: Room, bob: User, checks: list[float]):
    def age(key: str, seconds: int) -> None:
        session = SessionStore(key)
        session["_session_expiry"] = seconds
        session.save()

    async def wire_of(key: str) -> Wire:
        return Wire("/ws/", [(b"cookie", f"sessionid={key}".encode()), (b"origin", ORIGIN.encode())])

    short, prolonged = await session_of(bob), await session_of(bob)
    for key in (short, prolonged):
        await in_thread(age, key, 60)
    async with await wire_of(short) as ends, await wire_of(prolonged) as stays:
        await eventually(lambda: len(checks) > 1)
        assert all(0 < seconds <= 60.5 for seconds in checks[:2])
        await in_thread(age, prolonged, 600)
        await in_thread(age, short, -1)
        assert await ends.closed() == 4401
        made = len(checks)
        await eventually(lambda: len(checks) > made)
        assert (await stays.ask("ping"))["type"] == "pong"


async def test_a_sign_in_newer_than_the_revocation_goes_on(den: Room, ada: User, bob: User):
    await in_thread(sign_out_everywhere, bob, "suspended")
    async with by_session(await session_of(bob)) as fresh:
        await fresh.all_stay(den, ada)


async def test_a_revocation_that_falls_into_the_handshake_is_not_missed(
    den: Room, bob: User, monkeypatch: pytest.MonkeyPatch
):
    key = await session_of(bob)
    ask = consumer.principal_of

    async def and_then_the_session_ends(scope: dict[str, Any]) -> Any:
        principal = await ask(scope)
        await in_thread(sign_out_as_a_browser_does, key, bob)
        return principal

    monkeypatch.setattr(consumer, "principal_of", and_then_the_session_ends)
    async with Wire("/ws/", [(b"cookie", f"sessionid={key}".encode()), (b"origin", ORIGIN.encode())]) as wire:
        assert await wire.closed() == 4401


async def test_commands_of_somebody_whose_account_was_closed_behind_our_back_are_refused(den: Room, bob: User):
    """Nobody told the hub: what re-reads the database refuses by itself."""
    async with by_session(await session_of(bob)) as open_:
        await User.objects.filter(pk=bob.pk).aupdate(is_active=False)
        for command in (
            {"type": "message.post", "room": "den", "body": "hello"},
            {"type": "room.open", "room": "den"},
            {"type": "read.mark", "room": "den", "seq": 1},
        ):
            answer = await open_.wire.ask(**command)
            assert (answer["type"], answer["code"]) in [("error", "not_authenticated"), ("error", "not_found")]
        assert not await Revocation.objects.aexists()
        assert not await ApiToken.objects.aexists()
        assert await Session.objects.aexists()
