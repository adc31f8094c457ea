"""A living worker keeps its runs, however long it takes to begin them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import money, tasks
from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Status, Step
from agents.runs import claims, keeping
from agents.runs.keeping import Keeper
from agents.runs.sweeping import sweep
from agents.steps import calling
from rooms.models import Message, Room, User
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, event_of, run_for, say, woken
from .worker import lease_is_over

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "HEARTBEAT", 0.01)


def is_leased(mine: claims.Claim | None = None) -> bool:
    leased = Step.objects.filter(status=Status.RUNNING, lease_until__gt=Now())
    return (leased.filter(pk=mine.step_id) if mine else leased).exists()


def lease_is_over_of(mine: claims.Claim) -> None:
    Step.objects.filter(pk=mine.step_id).update(lease_until=Now())


def claimed(question: Message) -> claims.Claim:
    mine = claims.claim(woken(question)[0])
    assert mine is not None
    return mine


def test_a_run_that_waits_for_its_models_library_longer_than_its_lease_is_not_lost(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.says("Here I am.")
    asked, imported = threading.Event(), threading.Event()
    reserve = money.reserve

    def slowly(*args: Any) -> Any:
        asked.set()
        assert imported.wait(PATIENCE)
        return reserve(*args)

    monkeypatch.setattr(calling.money, "reserve", slowly)
    question = say(den, ada, "@echo?")
    with Aside() as aside:
        answering = aside.run(tasks.wake, event_of(question).pk)
        assert asked.wait(PATIENCE)
        lease_is_over()
        until(is_leased)
        assert sweep().ended == 0
        imported.set()
        answering.result(PATIENCE)
    assert (run_for(question).reason, answer_to(question).body) == (Reason.ANSWERED, "Here I am.")


def test_who_speaks_knows_that_the_lease_was_extended(den: Room, ada: User, seat: Seat) -> None:
    mine = claimed(say(den, ada, "@echo?"))
    mine.lease.since -= 2 * claims.LEASE
    assert mine.lease.is_over
    keeper = Keeper()
    keeper.keep(mine, PATIENCE)
    until(lambda: not mine.lease.is_over)
    keeper.let_go(mine)


def test_an_end_that_waits_for_a_lock_costs_no_other_run_its_lease(
    den: Room, ada: User, seat: Seat, second: Seat
) -> None:
    ending, going_on = (claimed(say(den, ada, f"@{name}?")) for name in ("echo", "nod"))
    keeper = Keeper()
    with transaction.atomic():
        Step.objects.select_for_update().get(pk=ending.step_id)
        with Aside() as aside:
            aside.run(lease_is_over_of, going_on).result(PATIENCE)
            for mine in (ending, going_on):
                keeper.keep(mine, PATIENCE)
            until(lambda: aside.run(is_leased, going_on).result(PATIENCE))
    assert keeper.keeps(ending)
    for mine in (ending, going_on):
        keeper.let_go(mine)


def test_what_hangs_in_a_living_worker_is_swept_in_the_end(den: Room, ada: User, seat: Seat) -> None:
    question = say(den, ada, "@echo?")
    hanging = claimed(question)
    keeper = Keeper()
    keeper.keep(hanging, 0)
    lease_is_over()
    until(lambda: not keeper.keeps(hanging))
    assert not is_leased()
    assert sweep().ended == 1
    assert run_for(question).reason == Reason.WORKER_LOST


def test_a_step_that_somebody_else_has_ended_is_left_alone(den: Room, ada: User, seat: Seat) -> None:
    mine = claimed(say(den, ada, "@echo?"))
    Step.objects.update(fence=F("fence") + 1, lease_until=Now())
    keeper = Keeper()
    keeper.keep(mine, PATIENCE)
    until(lambda: not keeper.keeps(mine))
    assert not is_leased()
