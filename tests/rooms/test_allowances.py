"""Nobody sends more than they may, by whatever doors and however many at once; and who may not is told kindly."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.db.models import F
from django.test import Client

from rooms.errors import Conflict, NotFound, RateLimited
from rooms.models import Allowance, Event, Message, Room, Tally, User
from rooms.services.messages import Place, Posted, Speaker, apost_message, post_message
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.SENDS_PER_MINUTE, settings.SENDS_PER_MINUTE_GUEST = 20, 5


def says(room: Room, author: User, number: int, **facts: Any) -> bool:
    try:
        return post_message(room=room, author=author, body=f"number {number}", **facts).created
    except RateLimited:
        return False


def a_minute_passes() -> None:
    Tally.objects.update(since=F("since") - timedelta(seconds=60))


def test_bob_sends_twenty_a_minute_and_is_told_when_he_can_go_on(den: Room, bob: User) -> None:
    assert [says(den, bob, number) for number in range(22)] == [True] * 20 + [False] * 2
    with pytest.raises(RateLimited) as refused:
        post_message(room=den, author=bob, body="one more")
    assert refused.value.detail.startswith("You have sent 20 messages in this room within a minute. You can go on in ")
    assert 0 < (refused.value.retry_after or 0) <= 60
    assert Message.objects.filter(author=bob).count() == 20
    assert Event.objects.filter(room=den, type="message.posted").count() == 20
    a_minute_passes()
    assert says(den, bob, 1)
    assert Tally.objects.get().used == 1


def test_each_room_counts_by_itself_and_guests_send_five(den: Room, square: Room, ada: User, gus: User) -> None:
    assert sum(says(den, gus, number) for number in range(8)) == 5
    assert sum(says(den, ada, number) for number in range(25)) == 20
    assert says(square, ada, 1)


def test_a_resend_is_not_counted_also_when_nothing_is_left(den: Room, bob: User) -> None:
    first = post_message(room=den, author=bob, body="once", client_id="c1")
    for _ in range(30):
        assert not post_message(room=den, author=bob, body="once", client_id="c1").created
    assert Tally.objects.get().used == 1
    assert sum(says(den, bob, number) for number in range(30)) == 19
    again = post_message(room=den, author=bob, body="once", client_id="c1")
    assert (again.created, again.message["id"]) == (False, first.message["id"])
    with pytest.raises(Conflict):
        post_message(room=den, author=bob, body="twice", client_id="c1")


def test_who_may_not_speak_at_all_learns_that_and_nothing_is_counted(den: Room, eve: User) -> None:
    for _ in range(25):
        with pytest.raises(NotFound):
            post_message(room=den, author=eve, body="let me in")
    assert not Tally.objects.exists()


def test_the_nearest_allowance_counts(den: Room, bob: User, mod: User, gus: User) -> None:
    writers, readers = Group.objects.create(name="writers"), Group.objects.create(name="readers")
    Allowance.objects.create(what="send", kind="human", amount=1)
    Allowance.objects.create(what="send", role="moderator", amount=3)
    assert (sum(says(den, bob, n) for n in range(9)), sum(says(den, mod, n) for n in range(9))) == (1, 3)
    bob.groups.add(writers, readers)
    Allowance.objects.create(what="send", group=writers, amount=4)
    Allowance.objects.create(what="send", group=readers, amount=2)
    assert sum(says(den, bob, n) for n in range(9)) == 3
    Allowance.objects.create(what="send", person=bob, amount=0)
    assert sum(says(den, bob, n) for n in range(30)) == 30
    assert sum(says(den, gus, n) for n in range(9)) == 5


def test_superusers_and_a_house_that_lifts_the_limit_are_not_counted(den: Room, ada: User, bob: User, settings: Any):
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    assert sum(says(den, ada, number) for number in range(25)) == 25
    settings.SENDS_PER_MINUTE = 0
    assert sum(says(den, bob, number) for number in range(25)) == 25
    assert not Tally.objects.exists()


async def test_what_is_said_at_once_is_counted_one_by_one_and_others_are_not_kept_back(den: Room, ada: User, bob: User):
    def said(author: User, number: int) -> Any:
        speaker = Speaker(author.pk, author.kind)
        return apost_message(place=Place(den.pk, den.slug), speaker=speaker, body=f"number {number}")

    outcomes = await asyncio.gather(
        *(said(bob, number) for number in range(60)),
        *(said(ada, number) for number in range(10)),
        return_exceptions=True,
    )
    assert [isinstance(one, Posted) for one in outcomes[60:]] == [True] * 10
    assert sum(isinstance(one, Posted) for one in outcomes[:60]) == 20
    assert all(isinstance(one, Posted | RateLimited) for one in outcomes)
    assert await Message.objects.filter(author=bob).acount() == 20


def test_a_hundred_at_once_by_three_doors_are_twenty(den: Room, bob: User, asking: Asking, settings: Any) -> None:
    """By REST, by the page and by a service; the socket shares the statement of REST."""
    rest, browser = asking(bob), Client()
    browser.force_login(bob, "django.contrib.auth.backends.ModelBackend")

    def post(number: int) -> int:
        try:
            match number % 3:
                case 0:
                    return rest.post("rooms/den/messages/", {"body": f"number {number}"}).status
                case 1:
                    return browser.post("/rooms/den/messages/", {"body": f"number {number}"}).status_code
            return 201 if says(den, bob, number) else 429
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(post, range(100)))
    assert Message.objects.filter(author=bob).count() == 20
    assert sum(status in (201, 302) for status in statuses) == 20
    assert statuses.count(429) == 80


def test_rest_answers_with_a_sentence_and_when_to_come_back(den: Room, gus: User, asking: Asking) -> None:
    door = asking(gus)
    for number in range(5):
        assert door.post("rooms/den/messages/", {"body": f"number {number}"}).status == 201
    refused = door.post("rooms/den/messages/", {"body": "one more"})
    assert (refused.status, refused["code"]) == (429, "rate_limited")
    assert refused["detail"].startswith("You have sent 5 messages in this room within a minute.")
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_the_page_keeps_what_was_written(den: Room, bob: User, client: Client, settings: Any) -> None:
    settings.SENDS_PER_MINUTE = 1
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    client.post("/rooms/den/messages/", {"body": "first"})
    refused = client.post("/rooms/den/messages/", {"body": "words not to be lost"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    page = refused.content.decode()
    assert "You have sent 1 message in this room within a minute." in page
    assert "words not to be lost" in page
