from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import pytest

from agents.llm.port import Part, Request
from agents.llm.scripted import Scripted
from agents.models import Seat
from agents.runs import life, turns
from agents.runs.turns import QUIET, Turns
from rooms.models import Message, Room, User
from tests.clock import HandClock
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, run_for

complete = import_module("agents.steps.complete")


def test_no_more_than_so_many_work_at_once() -> None:
    three, working, most = Turns(3), [0], [0]
    lock, all_three = threading.Lock(), threading.Barrier(3)

    def work() -> None:
        three.take(hurry=False)
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        all_three.wait(PATIENCE)
        with lock:
            working[0] -= 1
        three.give_back()

    with Aside(12) as aside:
        for future in [aside.run(work) for _ in range(60)]:
            future.result(PATIENCE)
    assert most == [3]
    assert working == [0]


def test_those_in_a_hurry_go_first_and_equals_as_they_came() -> None:
    turns, order = Turns(1), []
    turns.take(hurry=False)

    def work(name: str, hurry: bool) -> None:
        turns.take(hurry=hurry)
        order.append(name)
        turns.give_back()

    with Aside() as aside:
        for name, hurry in (("slow 1", False), ("slow 2", False), ("quick 1", True), ("quick 2", True)):
            before = waiting(turns)
            aside.run(work, name, hurry)
            until(partial(more_wait, turns, before))
        turns.give_back()
    assert order == ["quick 1", "quick 2", "slow 1", "slow 2"]


def test_those_who_come_at_once_are_let_begin_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, clock = Turns(1), HandClock()
    monkeypatch.setattr(turns, "time", clock)
    ours.note_arrival()
    assert not ours.others_hurry()  # who comes alone waits for nobody
    clock.now += QUIET / 2
    ours.note_arrival()
    assert ours.others_hurry()
    assert ours.until_quiet() == pytest.approx(QUIET)
    clock.now += QUIET
    assert not ours.others_hurry()
    clock.now += QUIET
    ours.note_arrival()
    assert not ours.others_hurry()


@pytest.mark.django_db(transaction=True)
def test_the_model_is_called_before_anybody_is_told_that_it_will_be(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "CALLING", PATIENCE)  # however slow the loop is
    order: list[str] = []
    stream, told = scripted.stream, complete.begin_at_once

    def called(request: Request) -> AsyncGenerator[Part, None]:
        order.append("called")
        return stream(request)

    def announced(*facts: Any) -> Message | None:
        order.append("announced")
        return told(*facts)

    monkeypatch.setattr(scripted, "stream", called)
    monkeypatch.setattr(complete, "begin_at_once", announced)
    scripted.says("Here I am.")
    assert answer_to(ask(den, ada, "@echo are you there?")).body == "Here I am."
    assert order == ["called", "announced"]


@pytest.mark.django_db(transaction=True)
def test_an_answer_whose_first_word_is_there_waits_for_nobody(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "until_quiet", lambda: PATIENCE)  # others never stop coming
    monkeypatch.setattr(turns, "others_hurry", lambda: True)
    monkeypatch.setattr(life, "LATEST", PATIENCE)
    scripted.says("Here I am.")
    with in_time(PATIENCE / 2):
        assert answer_to(ask(den, ada, "@echo are you there?")).body == "Here I am."


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_breaks_off_before_a_word_waits_for_nobody_either(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "until_quiet", lambda: PATIENCE)
    monkeypatch.setattr(turns, "others_hurry", lambda: True)
    monkeypatch.setattr(life, "LATEST", PATIENCE)
    scripted.fails("refused")
    with in_time(PATIENCE / 2):
        assert run_for(ask(den, ada, "@echo are you there?")).reason == "refused"


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def more_wait(turns: Turns, than: int) -> bool:
    return waiting(turns) > than


def waiting(turns: Turns) -> int:
    return sum(len(line) for line in turns._waiting.values())
