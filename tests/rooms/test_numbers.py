"""Number order is commit order: eight writers at once leave no hole, and who reads along misses nothing."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connections

from rooms import db
from rooms.audience import Reader
from rooms.models import Event, Message, Room, User
from rooms.reading import aread_events
from rooms.services.messages import Place, Speaker, apost_message, post_message
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 8, 25


def test_eight_writers_leave_no_gap_and_a_reader_misses_nothing(den: Room, ada: User) -> None:
    seen: list[int] = []
    done = threading.Event()

    def write(number: int) -> None:
        for i in range(EACH):
            post_message(room=den, author=ada, body=f"{number}.{i}")
        connections.close_all()

    def read() -> None:
        last = 0
        while True:
            finished = done.is_set()
            fresh = list(Event.objects.filter(room=den, seq__gt=last).order_by("seq").values_list("seq", flat=True))
            seen.extend(fresh)
            last = fresh[-1] if fresh else last
            if finished:
                connections.close_all()
                return

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=[n]) for n in range(WRITERS)]
    for thread in [reader, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    den.refresh_from_db()
    assert den.last_seq == 1 + WRITERS * EACH
    assert seen == list(range(1, den.last_seq + 1))


async def test_eight_coroutines_and_a_resend_storm_keep_the_numbers_whole(den: Room, ada: User) -> None:
    place, speaker = Place(den.pk, den.slug), Speaker(ada.pk, ada.kind)

    async def write(number: int) -> None:
        for i in range(EACH):
            await apost_message(
                place=place, speaker=speaker, body=f"{number}.{i}", client_id=f"{number % 4}.{i}.{number}"
            )

    async def resend() -> tuple[bool, int]:
        posted = await apost_message(place=place, speaker=speaker, body="the same", client_id="the-same")
        return posted.created, posted.message["seq"]

    results = await asyncio.gather(*(write(n) for n in range(WRITERS)), *(resend() for _ in range(20)))
    resends = [result for result in results if result]
    assert sum(created for created, _ in resends) == 1
    assert len({seq for _, seq in resends}) == 1
    replay = await aread_events(den.pk, Reader(ada.pk, "owner"), 0, limit=1000)
    assert [frame.seq for frame, _ in replay.frames] == list(range(1, replay.last_seq + 1))
    assert await db.fetchval("SELECT count(*) FROM rooms_message") == WRITERS * EACH + 1


def test_a_message_waiting_for_a_removal_is_refused_when_the_removal_wins(den: Room, ada: User, bob: User) -> None:
    """The kick holds the membership row; the post waits for it and then finds no role."""
    from django.db import transaction

    from rooms.errors import NotFound
    from rooms.services.memberships import remove_member

    outcome: list[object] = []

    def post() -> None:
        try:
            outcome.append(post_message(room=den, author=bob, body="too late"))
        except NotFound as error:
            outcome.append(error)
        connections.close_all()

    with transaction.atomic():
        remove_member(room=den, user=bob, by=ada)
        thread = threading.Thread(target=post)
        thread.start()
        wait_until_blocked()
    thread.join()
    assert isinstance(outcome[0], NotFound)
    assert not Message.objects.filter(room=den).exists()


def wait_until_blocked() -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    def somebody_waits() -> bool:
        with connections["default"].cursor() as cursor:
            cursor.execute(waiting)
            return bool(cursor.fetchone()[0])

    until(somebody_waits)
