from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from agents.llm.port import LLMError
from agents.llm.scripted import Scripted
from agents.models import Breaker, Reason, Seat
from agents.routing import breaker
from rooms import db
from rooms.models import Room, User
from tests.clock import HandClock

from .asking import answer_to, ask, run_for

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "Scripted:scripted"
DOWN = LLMError("down")


async def admitted() -> breaker.Pass:
    leave = await breaker.admit(NAME, patience=30)
    assert isinstance(leave, breaker.Pass)
    return leave


async def fail(times: int) -> None:
    for _ in range(times):
        await (await admitted()).failed(DOWN)


async def row() -> Breaker:
    return await sync_to_async(Breaker.objects.get)()


async def pause_is_over() -> None:
    past = Now() - timedelta(seconds=60)
    await sync_to_async(lambda: Breaker.objects.filter(state="open").update(opened_at=past))()


async def test_five_failures_in_a_row_open_it() -> None:
    await fail(4)
    assert isinstance(await breaker.admit(NAME, 30), breaker.Pass)
    await fail(1)
    wait = await breaker.admit(NAME, 30)
    assert isinstance(wait, float)
    assert 0 < wait <= 30
    assert (await row()).state == "open"


async def test_who_asks_at_once_asks_the_database_once_until_a_call_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    was = db.fetchrow

    async def fetchrow(sql: str, params: Any = None) -> Any:
        asked.append(params["name"])
        return await was(sql, params)

    monkeypatch.setattr(breaker.db, "fetchrow", fetchrow)
    monkeypatch.setattr(breaker, "time", HandClock())
    passes = [await admitted() for _ in range(20)]
    assert asked == [NAME]
    for one in passes[:5]:
        await one.failed(DOWN)
    assert isinstance(await breaker.admit(NAME, 30), float)
    assert asked == [NAME] * 2


async def test_what_another_process_found_out_is_heeded_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    await fail(1)
    clock = HandClock()
    monkeypatch.setattr(breaker, "time", clock)
    await admitted()
    await sync_to_async(lambda: Breaker.objects.update(state="open", opened_at=Now()))()
    await admitted()
    clock.now += breaker.FRESH
    assert isinstance(await breaker.admit(NAME, 30), float)


async def test_a_success_in_between_starts_the_count_anew() -> None:
    await fail(4)
    await (await admitted()).succeeded()
    await fail(4)
    assert (await row()).state == "closed"


@pytest.mark.parametrize("kind", ["busy", "down", "timeout", "protocol", "truncated"])
async def test_these_speak_against_a_provider(kind: Any) -> None:
    await (await admitted()).failed(LLMError(kind))
    assert (await row()).failures == 1


@pytest.mark.parametrize("kind", ["refused", "empty", "too_large", "cancelled"])
async def test_these_may_be_the_askers_doing(kind: Any) -> None:
    await (await admitted()).failed(LLMError(kind))
    assert not await sync_to_async(Breaker.objects.filter(failures__gt=0).exists)()


async def test_exactly_one_of_many_may_probe_and_its_failure_opens_anew() -> None:
    await fail(5)
    await pause_is_over()
    passes = [
        each
        for each in await asyncio.gather(*(breaker.admit(NAME, 30) for _ in range(40)))
        if isinstance(each, breaker.Pass)
    ]
    assert len(passes) == 1
    assert passes[0].probe is not None
    await passes[0].failed(DOWN)
    assert (await row()).state == "open"
    assert isinstance(await breaker.admit(NAME, 30), float)


async def test_the_probes_first_word_lets_everybody_in_again() -> None:
    await fail(5)
    await pause_is_over()
    probe = await admitted()
    assert isinstance(await breaker.admit(NAME, 30), float)
    await probe.spoke()
    await admitted()
    await probe.succeeded()
    assert ((await row()).state, (await row()).failures) == ("closed", 0)


async def test_a_probe_that_breaks_after_its_first_word_opens_it_again() -> None:
    await fail(5)
    await pause_is_over()
    probe = await admitted()
    await probe.spoke()
    await probe.failed(LLMError("truncated"))
    assert (await row()).state == "open"


async def test_a_provider_that_always_breaks_in_the_middle_is_noticed() -> None:
    for _ in range(5):
        leave = await admitted()
        await leave.spoke()
        await leave.failed(LLMError("truncated"))
    assert (await row()).state == "open"


async def test_a_call_from_before_the_opening_changes_nothing() -> None:
    early, late = await admitted(), await admitted()
    await fail(5)
    opened = (await row()).opened_at
    await early.succeeded()
    await late.failed(DOWN)
    assert ((await row()).state, (await row()).opened_at, (await row()).failures) == ("open", opened, 5)


async def test_a_probe_that_dies_is_followed_by_another() -> None:
    await fail(5)
    await pause_is_over()
    dead = await admitted()
    assert isinstance(await breaker.admit(NAME, 30), float)
    await sync_to_async(lambda: Breaker.objects.update(probe_until=Now() - timedelta(seconds=1)))()
    second = await admitted()
    assert second.probe != dead.probe
    await dead.failed(DOWN)
    assert (await row()).state == "half_open"
    await second.succeeded()
    assert (await row()).state == "closed"


async def test_a_probe_that_was_stopped_gives_its_turn_back() -> None:
    await fail(5)
    await pause_is_over()
    await (await admitted()).unused()
    assert (await admitted()).probe is not None


# --- in the room


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.01)


@pytest.mark.usefixtures("_quick")
def test_while_it_is_open_the_room_is_told_at_once_and_nothing_reaches_the_provider(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    for _ in range(9):
        scripted.fails("down")
    ask(den, ada, "@echo?")
    ask(den, ada, "@echo again?")
    assert len(scripted.requests) == 5  # three calls, then two until the breaker opened
    third = ask(den, ada, "@echo please?")
    assert len(scripted.requests) == 5
    answer, run = answer_to(third), run_for(third)
    assert (answer.state, run.reason) == ("interrupted", Reason.UNAVAILABLE)
    assert answer.notice.startswith("Echo is not answering right now; trying again in ")
    assert answer.notice.endswith(" seconds.")


@pytest.mark.usefixtures("_quick")
def test_when_its_pause_is_over_the_next_question_is_the_probe(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    Breaker.objects.create(name=NAME, state="open", failures=5, opened_at=Now() - timedelta(seconds=60))
    scripted.says("back again")
    assert answer_to(ask(den, ada, "@echo?")).body == "back again"
    assert Breaker.objects.get().state == "closed"
