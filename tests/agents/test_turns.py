from __future__ import annotations

import threading
from functools import partial

from agents.runs.turns import Turns
from tests.waiting import PATIENCE, until

from .asking import Aside


def test_no_more_than_so_many_work_at_once() -> None:
    turns, working, most = Turns(3), [0], [0]
    lock, all_three = threading.Lock(), threading.Barrier(3)

    def work() -> None:
        turns.take(hurry=False)
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        all_three.wait(PATIENCE)
        with lock:
            working[0] -= 1
        turns.give_back()

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


def more_wait(turns: Turns, than: int) -> bool:
    return waiting(turns) > than


def waiting(turns: Turns) -> int:
    return sum(len(line) for line in turns._waiting.values())
