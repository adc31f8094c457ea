"""Messages said at the same time are kept in one statement, and yet each has its own outcome."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections, transaction

from rooms import db
from rooms.errors import NotFound
from rooms.models import Event, Message, Room, User
from rooms.services import keeping
from rooms.services.memberships import remove_member
from rooms.services.messages import Place, Posted, Speaker, apost_message, edit_message, post_message
from rooms.services.posting_sql import KEEP_TOGETHER

pytestmark = pytest.mark.django_db(transaction=True)


def said(room: Room, author: User, body: str, client_id: str = ""):
    """One message, posted from inside the loop."""
    return apost_message(
        place=Place(room.pk, room.slug), speaker=Speaker(author.pk, author.kind), body=body, client_id=client_id
    )


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each statement for many was given."""
    sizes: list[int] = []
    together = keeping.together

    async def counted(messages: list[keeping.Params]):
        sizes.append(len(messages))
        return await together(messages)

    monkeypatch.setattr(keeping, "together", counted)
    return sizes


@contextmanager
def locked(room: Room) -> Iterator[threading.Event]:
    """Somebody else is busy with the room, in a transaction that lasts until the event is set or the block is left."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Room.objects.select_for_update().get(pk=room.pk)
            held.set()
            release.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    try:
        yield release
    finally:
        release.set()
        thread.join()


async def test_what_is_said_at_once_goes_in_one_statement_and_in_the_order_it_was_said(
    den: Room, square: Room, ada: User, batches: list[int]
):
    posts = [said(den if number % 2 else square, ada, f"number {number}") for number in range(12)]
    kept = [posted.message for posted in await asyncio.gather(*posts)]
    assert batches == [11]  # the first was under way already
    assert [message["body"] for message in kept] == [f"number {number}" for number in range(12)]
    for room in (den, square):
        mine = [message["seq"] for message in kept if message["room"] == room.slug]
        assert mine == list(range(2, 8))
        assert [seq async for seq in Event.objects.filter(room=room).values_list("seq", flat=True)] == list(range(1, 8))


async def test_one_who_may_not_speak_is_refused_and_the_others_are_kept(den: Room, ada: User, bob: User, eve: User):
    outcomes = await asyncio.gather(
        said(den, ada, "one"), said(den, eve, "two"), said(den, bob, "three"), return_exceptions=True
    )
    assert isinstance(outcomes[1], NotFound)
    assert [one.message["body"] for one in outcomes if isinstance(one, Posted)] == ["one", "three"]


async def test_a_resend_that_meets_its_first_in_one_statement_gives_one_message(
    den: Room, ada: User, batches: list[int]
):
    outcomes = await asyncio.gather(
        said(den, ada, "first"), *(said(den, ada, "again", "c1") for _ in range(3)), said(den, ada, "last")
    )
    assert batches
    assert sorted(one.created for one in outcomes) == [False, False, True, True, True]
    assert len({one.message["id"] for one in outcomes}) == 3
    # Whoever speaks at the same time has no claim to an order: a slow first statement is overtaken by the next.
    assert {m async for m in Message.objects.values_list("body", flat=True)} == {"first", "again", "last"}


async def test_a_resend_after_the_fact_gives_the_first_also_among_others(den: Room, ada: User):
    first = await said(den, ada, "once", "c1")
    outcomes = await asyncio.gather(said(den, ada, "a"), said(den, ada, "once", "c1"), said(den, ada, "b"))
    assert [one.created for one in outcomes] == [True, False, True]
    assert outcomes[1].message["id"] == first.message["id"]


async def test_a_room_that_somebody_holds_delays_nobody_in_another(den: Room, square: Room, ada: User):
    with locked(den) as release:
        stuck = asyncio.ensure_future(said(den, ada, "one"))
        among = [said(den, ada, "two"), said(square, ada, "three")]
        delayed, free = (asyncio.ensure_future(one) for one in among)
        assert (await free).created  # the room is held until below
        assert not stuck.done()
        assert not delayed.done()
        release.set()
        assert {(await stuck).created, (await delayed).created} == {True}


async def test_a_member_who_is_just_being_removed_is_not_heard_after(den: Room, ada: User, bob: User):
    def remove() -> None:
        with transaction.atomic():
            remove_member(room=den, user=bob, by=ada)
            removing.set()
            done.wait(0.5)
        connections.close_all()

    removing, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=remove)
    thread.start()
    removing.wait(5)
    outcomes = await asyncio.gather(
        said(den, ada, "one"), said(den, bob, "two"), said(den, bob, "three"), return_exceptions=True
    )
    thread.join()
    assert [isinstance(one, Posted) for one in outcomes] == [True, False, False]


def test_removals_and_messages_of_the_same_people_never_wait_for_each_other(den: Room, ada: User, bob: User):
    """Whoever locks the membership before the room would be stopped by PostgreSQL after a second, as a deadlock."""
    from rooms.services.memberships import change_role

    failed: list[Exception] = []

    def attempt(work) -> None:
        try:
            for number in range(25):
                work(number)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    def talk(number: int) -> None:
        post_message(room=den, author=bob, body=f"number {number}")

    def promote(number: int) -> None:
        change_role(room=den, user=bob, role="guest" if number % 2 else "member", by=ada)

    threads = [threading.Thread(target=attempt, args=[work]) for work in (talk, promote, talk, promote)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_reply_is_kept_while_its_message_is_being_edited(den: Room, ada: User, bob: User):
    first = Message.objects.get(pk=post_message(room=den, author=ada, body="first").message["id"])

    def reply() -> None:
        post_message(room=den, author=bob, body="a reply", reply_to=str(first.pk))
        connections.close_all()

    with transaction.atomic():
        Message.objects.select_for_update(no_key=True).get(pk=first.pk)  # as an edit holds it, before the room
        thread = threading.Thread(target=reply)
        thread.start()
        thread.join(2)
        assert not thread.is_alive()
        edit_message(message=first, by=ada, body="first, edited")
    assert Message.objects.get(reply_to=first).body == "a reply"


async def test_the_statement_for_many_looks_up_everything_by_an_index(den: Room, ada: User):
    rows = await db.fetch("EXPLAIN " + KEEP_TOGETHER, {"said": "[]", "roles": ["owner"], "send": 20, "send_guest": 5})
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    assert "Hash Join" not in plan
