"""Without PostgreSQL nothing is said and nothing is lost: sockets stay, and go on when it is back."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from rooms.errors import Unavailable
from rooms.live import socket_auth, verbs
from rooms.models import Message, Room, User
from tests.waiting import eventually

from .wire import Wire, bearing, client_of, do, seqs, signed_in, token_of


def connections_now() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database()")
        pids: list[int] = cursor.fetchone()[0]
        return pids


def cut_connections(spare: list[int]) -> int:
    """As a restarted server does. Those of pytest and its client are to live."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT pid = ANY(%s)",
            [spare],
        )
        return int(cursor.fetchone()[0])


async def test_sockets_outlive_a_restarted_database_and_a_resend_is_kept_once(den: Room, ada: User, bob: User):
    hers_to_be, his_to_be = await signed_in(ada), await signed_in(bob)
    spared = await do(connections_now)
    async with hers_to_be as hers, his_to_be as his:
        await hers.open("den")
        await his.open("den")
        for number in range(3):
            assert await do(cut_connections, spare=spared) > 0

            async def acknowledged(client_id: str = f"c{number}") -> bool:
                answer = await hers.ask("message.post", room="den", body="once only", client_id=client_id)
                assert answer["type"] == "ack" or answer["code"] == "unavailable", answer
                return bool(answer["type"] == "ack")

            await eventually(acknowledged)
            assert (await his.until("message.posted"))["data"]["message"]["client_id"] == f"c{number}"
        last = await hers.ask("message.post", room="den", body="the last")
        assert seqs(await his.before(last["data"])) == []
    assert await do(Message.objects.count) == 4


async def test_an_answer_says_that_the_database_is_away_and_when_to_ask_again(
    den: Room, bob: User, monkeypatch: pytest.MonkeyPatch
):
    async def away(*_: object, **__: object) -> None:
        raise Unavailable(retry_after=2)

    async with await signed_in(bob) as wire:
        monkeypatch.setattr(verbs, "place_of", away)
        answer = await wire.ask("room.open", room="den")
        assert (answer["type"], answer["code"], answer["retry_after"]) == ("error", "unavailable", 2)
        monkeypatch.undo()
        await wire.open("den")


async def test_who_cannot_be_looked_up_is_asked_to_come_again(bob: User, monkeypatch: pytest.MonkeyPatch):
    async def away(secret: str) -> None:
        raise Unavailable

    secret = await token_of(bob)
    monkeypatch.setattr(socket_auth, "by_token", away)
    wire: Wire
    async with bearing(secret) as wire:
        assert await wire.closed() == 1013


async def test_a_page_says_that_the_database_is_away_and_when_to_come_back(
    den: Room, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Room:
        raise OperationalError("the database system is shutting down")

    browser = await client_of(ada)
    browser.raise_request_exception = False
    monkeypatch.setattr("rooms.web.rooms.room_for", away)
    answer = await browser.get("/rooms/den/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "The database is not answering right now." in answer.content.decode()
