"""Nobody asks agents more than they may; what they say is posted all the same, and the room reads why once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Task
from agents.services import retry_run
from rooms.errors import QuotaExceeded, RateLimited
from rooms.models import Allowance, Message, Room, Tally, User
from tests.plugins.rest import Asking

from .asking import Aside, ask, run_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.ASKS_PER_MINUTE, settings.ASKS_PER_MINUTE_GUEST, settings.ASKS_PER_DAY = 20, 5, 100


def reasons(room: Room, author: User, times: int) -> list[str]:
    return [run_for(ask(room, author, f"@echo number {number}?")).reason for number in range(times)]


def notices(room: Room) -> list[str]:
    found = Message.objects.filter(room=room, author__username="echo", state="interrupted")
    return list(found.order_by("seq").values_list("notice", flat=True))


def test_a_guest_asks_five_times_a_minute_and_the_room_reads_it_once(
    den: Room, gus: User, seat: Seat, scripted: Scripted
) -> None:
    assert reasons(den, gus, 8) == [Reason.ANSWERED] * 5 + [Reason.QUOTA] * 3
    assert Message.objects.filter(author=gus).count() == 8
    told = notices(den)
    assert len(told) == 1
    assert told[0].startswith("Whoever asked has asked agents 5 times in this room within a minute. They can go on in ")
    Tally.objects.update(since=F("since") - timedelta(minutes=1))
    assert reasons(den, gus, 1) == [Reason.ANSWERED]


def test_a_day_has_its_own_quota_over_all_rooms_and_each_room_is_told_of_it(
    den: Room, square: Room, ada: User, seat: Seat, scripted: Scripted, settings: Any
) -> None:
    from agents.services import seat_agent

    seat_agent(room=square, agent=seat.agent, by=ada)
    settings.ASKS_PER_DAY = 3
    assert reasons(den, ada, 2) == [Reason.ANSWERED] * 2
    assert reasons(square, ada, 3) == [Reason.ANSWERED, Reason.QUOTA, Reason.QUOTA]
    assert reasons(den, ada, 2) == [Reason.QUOTA] * 2
    for room in (den, square):
        assert len(notices(room)) == 1
        assert notices(room)[0].startswith(
            "Whoever asked has asked agents 3 times within a day. They can ask again in "
        )
    Allowance.objects.create(what="ask_day", person=ada, amount=0)
    assert reasons(den, ada, 3) == [Reason.ANSWERED] * 3


def test_what_is_not_asked_of_agents_is_not_counted(den: Room, ada: User, bob: User, seat: Seat) -> None:
    ask(den, ada, "nobody is meant")
    assert not Tally.objects.exists()


def test_thirty_questions_at_once_are_twenty_answers(den: Room, bob: User, seat: Seat, scripted: Scripted) -> None:
    with Aside(10) as aside:
        asked = [aside.run(ask, den, bob, f"@echo number {number}?") for number in range(30)]
    for question in asked:
        question.result(30)
    assert Task.objects.exclude(reason=Reason.QUOTA).count() == 20  # some of them answered as one
    assert Task.objects.filter(reason=Reason.QUOTA).count() == 10
    assert len(notices(den)) == 1


def test_an_event_that_is_told_twice_is_counted_once(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    from agents import tasks

    from .asking import event_of

    question = ask(den, ada, "@echo?")
    tasks.wake(event_of(question).pk)
    assert {(tally.what, tally.used) for tally in Tally.objects.all()} == {("ask", 1), ("ask_day", 1)}


def test_asking_again_counts_and_the_door_says_so(
    den: Room, ada: User, bob: User, eve: User, seat: Seat, scripted: Scripted, settings: Any, asking: Asking
) -> None:
    scripted.fails("refused")
    run = run_for(ask(den, ada, "@echo?"))
    settings.ASKS_PER_MINUTE = 1
    with pytest.raises(RateLimited):
        retry_run(run=run, by=ada)
    answer = asking(ada).post(f"runs/{run.pk}/retry/")
    assert (answer.status, answer["code"]) == (429, "rate_limited")
    assert answer["detail"].startswith("You have asked agents 1 time in this room within a minute.")
    assert int(answer.headers["Retry-After"]) > 0
    assert asking(eve).post(f"runs/{run.pk}/retry/").status == 404
    settings.ASKS_PER_MINUTE, settings.ASKS_PER_DAY = 0, 1
    with pytest.raises(QuotaExceeded):
        retry_run(run=run, by=ada)
    assert retry_run(run=run, by=bob).attempt == 2
