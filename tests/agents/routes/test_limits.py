"""Requests a minute, calls at once, money a day: exact, however many ask at the same moment."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from agents.llm.candidates import Candidate
from agents.llm.port import LLMError, Request, Turn, Usage
from agents.llm.worst import worst_of
from agents.models import Agent, Deployment, Health, Reason, Route, Seat, Step, Task
from agents.models import Usage as Usages
from agents.routing import breaker, limits, routes
from agents.routing.admission import Closed, Leave, admit
from agents.runs import life as runs
from agents.runs.claims import claim
from agents.runs.sweeping import sweep
from agents.services import cancel_run, seat_agent
from rooms import db
from rooms.models import Message, Room, User
from tests.upstream.server import Upstream
from tests.waiting import until

from ..asking import Aside, answer_to, ask, run_for, say, woken
from .conftest import Deploy

pytestmark = pytest.mark.django_db(transaction=True)


async def place(**facts: Any) -> Candidate:
    def make() -> Candidate:
        route = Route.objects.create(name="fast")
        made = Deployment.objects.create(route=route, name="own", model="scripted", **facts)
        return routes.candidate_of(made, Request("x", (Turn("user", "hi"),), {"max_tokens": 10}))

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


async def test_who_is_stopped_in_the_moment_of_getting_a_place_leaves_it_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    candidate = await place(concurrent_calls=1)
    taken, heard = asyncio.Event(), asyncio.Event()
    fetchrow = db.fetchrow

    async def late(sql: str, facts: Any) -> Any:
        row = await fetchrow(sql, facts)
        if sql == limits.TAKE:
            taken.set()
            await heard.wait()
        return row

    monkeypatch.setattr(limits.db, "fetchrow", late)
    asked = asyncio.create_task(admit(candidate))
    await taken.wait()
    asked.cancel()
    heard.set()
    await asyncio.wait({asked})
    assert asked.cancelled()
    assert (await health()).slots == {}
    assert len(await leaves(candidate, 2)) == 1


async def test_who_is_stopped_while_giving_a_place_back_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = await place(dollars_per_day="1", **PRICED)
    (leave,) = await leaves(candidate, 1)
    begun, go_on = asyncio.Event(), asyncio.Event()
    execute = db.execute

    async def late(sql: str, facts: Any) -> int:
        begun.set()
        await go_on.wait()
        return await execute(sql, facts)

    monkeypatch.setattr(breaker.db, "execute", late)
    told = asyncio.create_task(leave.failed(LLMError("too_large", usage=Usage(5, 5, 20))))
    await begun.wait()
    told.cancel()
    go_on.set()
    await asyncio.wait({told})
    assert told.cancelled()
    row = await health()
    assert (row.spent_micros, row.slots) == (20, {})


async def test_a_dead_workers_place_comes_back() -> None:
    candidate = await place(concurrent_calls=1)
    assert len(await leaves(candidate, 2)) == 1
    row = await health()
    slots = {call: {**facts, "until": 1.0} for call, facts in row.slots.items()}
    await sync_to_async(lambda: Health.objects.update(slots=slots))()
    assert len(await leaves(candidate, 2)) == 1


PRICED = {"prompt_price": 1, "completion_price": 100}
"""Millionths of a dollar a token: with at most ten tokens written, a call is held at 1,337 or so."""


async def test_money_of_a_day_is_all_it_takes() -> None:
    candidate = await place(dollars_per_day="0.01", **PRICED)
    (leave,) = await leaves(candidate, 1)
    await leave.succeeded(Usage(cost_micros=10_000))
    closed = await admit(candidate)
    assert isinstance(closed, Closed)
    assert closed.spent
    assert (await health()).short_on is not None
    await sync_to_async(lambda: Health.objects.update(spent_on=Now() - timedelta(days=1)))()
    assert len(await leaves(candidate, 1)) == 1
    assert (await health()).short_on is None


async def test_fifty_at_once_are_never_more_than_the_money_of_the_day() -> None:
    candidate = await place(dollars_per_day="0.01", **PRICED)
    held = worst_of(candidate.request, candidate.price).whole
    taken = await leaves(candidate, 50)
    assert len(taken) == 10_000 // held == 7
    closed = await admit(candidate)
    assert isinstance(closed, Closed)
    assert not closed.spent  # it is set aside only: a moment later there may be some again
    await asyncio.gather(*(leave.succeeded(Usage(5, 5, 500)) for leave in taken))
    spent = 7 * 500
    while again := await leaves(candidate, 50):
        assert spent + len(again) * held <= 10_000
        await asyncio.gather(*(leave.succeeded(Usage(5, 5, 500)) for leave in again))
        spent += len(again) * 500
    row = await health()
    assert (row.spent_micros, row.slots) == (spent, {})
    assert 10_000 - held < spent <= 10_000


async def test_what_a_call_took_is_counted_however_it_ended() -> None:
    candidate = await place(dollars_per_day="1", **PRICED)
    cut, declined, large = await leaves(candidate, 3)
    await cut.unused(Usage(5, 5, 100))
    await declined.failed(LLMError("truncated", usage=Usage(5, 5, 20)))
    await large.failed(LLMError("too_large", usage=Usage(5, 5, 3)))
    row = await health()
    assert (row.spent_micros, row.slots) == (123, {})


async def test_what_nobody_gave_back_counts_as_spent_once_the_call_must_have_ended() -> None:
    candidate = await place(dollars_per_day="0.01", **PRICED)
    held = worst_of(candidate.request, candidate.price).whole
    assert len(await leaves(candidate, 7)) == 7

    def age() -> None:
        row = Health.objects.get()
        Health.objects.update(slots={call: {**facts, "until": 1.0} for call, facts in row.slots.items()})

    await sync_to_async(age)()
    assert await leaves(candidate, 1) == []
    await sync_to_async(lambda: Deployment.objects.update(dollars_per_day="0.02"))()
    assert len(await leaves(candidate, 1)) == 1
    row = await health()
    assert (row.spent_micros, len(row.slots)) == (7 * held, 1)


async def test_a_call_over_midnight_counts_on_the_day_it_ended_and_days_never_go_back() -> None:
    candidate = await place(dollars_per_day="0.01", **PRICED)
    (leave,) = await leaves(candidate, 1)
    await sync_to_async(lambda: Health.objects.update(spent_on=Now() - timedelta(days=1), spent_micros=9_000))()
    await leave.succeeded(Usage(cost_micros=700))
    assert (await health()).spent_micros == 700
    tomorrow = Now() + timedelta(days=1)  # a statement that began before midnight finds the row of one that began after
    await sync_to_async(lambda: Health.objects.update(spent_on=tomorrow))()
    (leave,) = await leaves(candidate, 1)
    await leave.succeeded(Usage(cost_micros=50))
    assert (await health()).spent_micros == 750


async def test_of_a_hundred_at_once_exactly_as_many_as_there_are_tokens_a_minute() -> None:
    candidate = await place(tokens_per_minute=500)
    each = worst_of(candidate.request, candidate.price).all_tokens
    taken = await leaves(candidate, 100)
    assert len(taken) == 500 // each
    row = await health()
    assert row.took == [each] * len(taken)
    taken.sort(key=lambda leave: leave.taken.at or datetime.max)
    await taken[1].succeeded(Usage(3, 4))
    await taken[2].failed(LLMError("busy"))
    row = await health()
    assert row.took == [each, 7, 0] + [each] * (len(taken) - 3)
    assert len(await leaves(candidate, 100)) == (500 - sum(row.took)) // each


async def test_tokens_of_a_minute_ago_count_no_more() -> None:
    candidate = await place(tokens_per_minute=20)
    (leave,) = await leaves(candidate, 2)

    def age() -> None:
        Health.objects.update(begun=[at - timedelta(seconds=61) for at in Health.objects.get().begun])

    await sync_to_async(age)()
    assert len(await leaves(candidate, 2)) == 1
    await leave.succeeded(Usage(1, 1))  # whose minute is over: nobody else's tokens are changed
    assert len((await health()).took) == 1
    assert await leaves(candidate, 1) == []


async def test_a_call_that_never_fits_is_never_made() -> None:
    candidate = await place(tokens_per_minute=5)
    closed = await admit(candidate)
    assert isinstance(closed, Closed)
    assert closed.seconds == 60


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


def test_when_the_money_of_one_place_is_used_up_the_next_answers_and_pays(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    first = deploy("fine-n3", prompt_price=1, completion_price=100, dollars_per_day="0.000001")
    second = deploy("fine-n4", prompt_price=1, completion_price=10, dollars_per_day="1")
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 word2 word3 word4 "
    spent = dict(Health.objects.values_list("deployment", "spent_micros"))
    usage = Usages.objects.get()
    assert spent == {first.pk: 0, second.pk: usage.cost_micros}
    assert (usage.deployment, usage.payer) == ("fast/d2", ada)
    assert [call.model for call in upstream.calls] == ["fine-n4"]


def test_when_no_place_has_money_left_the_room_is_told_when_there_is_some_again(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("fine-n3", prompt_price=1, completion_price=100, dollars_per_day="0.000001")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.BUDGET
    assert answer_to(question).notice.startswith("What the house spends on this model today is used up. There will be")
    assert not upstream.calls


def test_what_a_place_that_broke_took_is_its_own(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    first = deploy("snap-n60", prompt_price=0, completion_price=1_000, dollars_per_day="50")
    second = deploy("obeys", prompt_price=0, completion_price=1, dollars_per_day="50")
    ask(den, ada, "@echo?")
    spent = dict(Health.objects.values_list("deployment", "spent_micros"))
    assert 15_000 <= spent[first.pk] < 16_000
    assert 0 < spent[second.pk] < 1_000
    assert sum(spent.values()) == Usages.objects.get().cost_micros
    assert [row.slots for row in Health.objects.all()] == [{}, {}]


def test_a_stream_that_is_stopped_is_paid_for_where_it_came_from(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("stall-n20", prompt_price=1, completion_price=100, dollars_per_day="50")
    Agent.objects.update(idle_seconds=60, total_seconds=60)
    with Aside() as aside:
        asked = aside.run(ask, den, ada, "@echo?")
        until(lambda: Message.objects.filter(state="writing").exclude(body="").exists())
        cancel_run(run=Task.objects.get(), by=ada)
        asked.result(20)
    row = Health.objects.get()
    assert row.spent_micros == Usages.objects.get().cost_micros > 0
    assert row.slots == {}


def test_a_dead_workers_money_comes_back_when_its_run_is_swept(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("hang", prompt_price=1, completion_price=100, dollars_per_day="50")
    Agent.objects.update(first_token_seconds=60, total_seconds=60)
    step_id = woken(say(den, ada, "@echo?"))[0]
    step = Step.objects.select_related(*runs.RELATED).get(pk=step_id)
    dead = runs.begin(step, claim(step_id))  # type: ignore[arg-type]
    dead.begun.meanwhile()
    until(lambda: Health.objects.get().slots)
    (slot,) = Health.objects.get().slots.values()
    assert (slot["step"], slot["held"] > 10_000) == (str(step_id), True)
    Step.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert sweep().ended == 1
    row = Health.objects.get()
    assert row.slots == {}
    assert row.spent_micros == Usages.objects.get().cost_micros > 0
    dead.begun.outcome.result(30)
