"""Requests a minute, calls at once, money a day: exact, however many ask at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from agents import routes
from agents.admission import Closed, Leave, admit
from agents.llm.candidates import Candidate
from agents.llm.port import LLMError, Request, Turn, Usage
from agents.models import Deployment, Health, Route, Seat
from agents.services import seat_agent
from rooms import db
from rooms.models import Room, User
from tests.upstream.server import Upstream

from ..asking import Aside, answer_to, ask
from .conftest import Deploy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture(autouse=True)
async def _own_pool() -> AsyncIterator[None]:
    yield
    await db.close()


async def place(**facts: Any) -> Candidate:
    def make() -> Candidate:
        route = Route.objects.create(name="fast")
        made = Deployment.objects.create(route=route, name="own", model="scripted", **facts)
        return routes.candidate_of(made, Request("x", (Turn("user", "hi"),)))

    return await sync_to_async(make)()


async def leaves(candidate: Candidate, wanted: int) -> list[Leave]:
    asked = await asyncio.gather(*(admit(candidate) for _ in range(wanted)))
    return [each for each in asked if isinstance(each, Leave)]


async def health() -> Health:
    return await sync_to_async(Health.objects.get)()


async def test_of_a_hundred_at_once_exactly_as_many_as_may_have_a_minute() -> None:
    candidate = await place(requests_per_minute=20)
    assert len(await leaves(candidate, 100)) == 20
    closed = await admit(candidate)
    assert isinstance(closed, Closed)
    assert closed.full
    assert 20 < closed.seconds <= 60


async def test_a_minute_later_there_is_room_again() -> None:
    candidate = await place(requests_per_minute=3)
    assert len(await leaves(candidate, 5)) == 3

    def age() -> None:
        row = Health.objects.get()
        Health.objects.update(begun=[at - timedelta(seconds=61) for at in row.begun[:2]] + row.begun[2:])

    await sync_to_async(age)()
    assert len(await leaves(candidate, 5)) == 2


async def test_of_a_hundred_at_once_exactly_as_many_are_under_way() -> None:
    candidate = await place(concurrent_calls=7)
    taken = await leaves(candidate, 100)
    assert len(taken) == 7
    await taken[0].succeeded(Usage())
    await taken[1].failed(LLMError("down"))
    await taken[2].unused()
    assert len(await leaves(candidate, 100)) == 3


async def test_a_dead_workers_place_comes_back() -> None:
    candidate = await place(concurrent_calls=1)
    assert len(await leaves(candidate, 2)) == 1
    row = await health()
    await sync_to_async(lambda: Health.objects.update(slots=dict.fromkeys(row.slots, 1.0)))()
    assert len(await leaves(candidate, 2)) == 1


async def test_money_of_a_day_is_all_it_takes() -> None:
    candidate = await place(dollars_per_day="0.01")
    (leave,) = await leaves(candidate, 1)
    await leave.succeeded(Usage(cost_micros=10_000))
    closed = await admit(candidate)
    assert isinstance(closed, Closed)
    assert closed.seconds > 1 or closed.full
    await sync_to_async(lambda: Health.objects.update(spent_on=Now() - timedelta(days=1)))()
    assert len(await leaves(candidate, 1)) == 1


async def test_without_limits_nothing_is_counted_before_a_call() -> None:
    candidate = await place()
    assert not candidate.is_limited
    (leave,) = await leaves(candidate, 1)
    await leave.spoke()
    await leave.succeeded(Usage(1, 1, 5))
    row = await health()
    assert (row.calls, row.slots, row.begun, row.spent_micros) == (1, {}, [], 5)
    assert row.first_word is not None


async def test_the_measure_moves_with_each_first_word() -> None:
    candidate = await place()
    for seconds in (1.0, 2.0):
        (leave,) = await leaves(candidate, 1)
        leave.first_word = seconds
        await leave.succeeded(Usage())
    assert (await health()).first_word == pytest.approx(1.3)


def test_what_is_full_is_passed_over(den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy) -> None:
    deploy("fine-n1", requests_per_minute=1)
    deploy("fine-n2")
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 "
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 word2 "


def test_when_all_are_busy_one_waits_a_moment(
    den: Room, square: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("fine-n3-i150", concurrent_calls=1)
    seat_agent(room=square, agent=seat.agent, by=ada)
    with Aside() as aside:
        questions = [aside.run(ask, room, ada, "@echo?") for room in (den, square)]
        answers = [answer_to(question.result(30)) for question in questions]
    assert [answer.body for answer in answers] == ["word1 word2 word3 "] * 2
