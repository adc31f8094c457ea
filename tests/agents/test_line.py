"""What is written while an agent writes is answered as one: once, for whoever wrote it, and among the same readers."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Status, Step, Task
from agents.runs import line, sweeping
from agents.services import cancel_run, retry_run, unseat_agent
from agents.triggers import waking
from rooms.models import Message, Room, User
from rooms.services.messages import withdraw_message
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, event_of, run_for, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The steps that were called from the line, in order: a test runs them as a worker would."""
    found: list[UUID] = []
    monkeypatch.setattr(line, "queue", found.extend)
    return found


def asked(room: Room, author: User, body: str, **facts: Any) -> Message:
    """Said and woken; nobody runs what is ready."""
    question = say(room, author, body, **facts)
    waking.answer(event_of(question).pk)
    return question


def step_of(question: Message) -> str:
    return str(Step.objects.get(task__trigger_message=question).pk)


def run_called(queued: list[UUID]) -> None:
    while queued:
        tasks.run_step(str(queued.pop(0)))


def outcomes() -> list[tuple[str, str]]:
    return list(Task.objects.order_by("pk").values_list("status", "reason"))


def answers(room: Room) -> list[str]:
    return list(Message.objects.filter(room=room, author__kind="agent").order_by("seq").values_list("body", flat=True))


def test_what_was_said_last_is_answered_also_when_it_was_told_first(
    den: Room, ada: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first = asked(den, ada, "@echo one")
    two, three = (say(den, ada, f"@echo {word}") for word in ("two", "three"))
    for question in (three, two):
        waking.answer(event_of(question).pk)
    tasks.run_step(step_of(first))
    run_called(queued)
    assert [run_for(question).reason for question in (first, two, three)] == ["answered", "merged", "answered"]
    assert len(answers(den)) == 2


def test_three_questions_asked_meanwhile_are_answered_as_one(
    den: Room, ada: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first = asked(den, ada, "@echo one")
    later = [asked(den, ada, f"@echo {word}") for word in ("two", "three", "four")]
    assert not Message.objects.filter(author__kind="agent").exists()  # nothing is shown of what waits
    scripted.says("to one")
    scripted.says("to all the others")
    tasks.run_step(step_of(first))
    assert queued == [UUID(step_of(later[-1]))]
    run_called(queued)
    assert answers(den) == ["to one", "to all the others"]
    assert outcomes() == [("done", "answered"), ("done", "merged"), ("done", "merged"), ("done", "answered")]
    told = " ".join(turn.content for turn in scripted.requests[-1].turns)
    assert all(word in told for word in ("one", "two", "three", "four"))
    assert answer_to(later[-1]).reply_to == later[-1]
    assert run_for(later[0]).notice == "Answered together with what was said after it."


def test_everybody_is_answered_for_themselves_and_in_order(
    den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first = asked(den, ada, "@echo one")
    asked(den, bob, "@echo bob's first")
    asked(den, mod, "@echo mod's")
    last = asked(den, bob, "@echo bob's second")
    tasks.run_step(step_of(first))
    run_called(queued)
    served = Task.objects.filter(reason=Reason.ANSWERED).order_by("started_at")
    assert list(served.values_list("requester__username", flat=True)) == ["ada", "bob", "mod"]
    assert run_for(last).status == Status.DONE
    assert len(answers(den)) == 3


def test_a_whisper_is_not_answered_together_with_anything_said_to_all(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first = asked(den, ada, "@echo one")
    whisper = asked(den, ada, "@echo between us", visible_to=["ada", "echo"])
    other = asked(den, ada, "@echo and with bob", visible_to=["ada", "bob", "echo"])
    assert [run_for(question).queued_at for question in (first, whisper, other)] == [None, None, None]
    second = asked(den, ada, "@echo between us still", visible_to=["ada", "echo"])
    assert run_for(second).queued_at is not None
    for question in (first, whisper, other):
        tasks.run_step(step_of(question))
    run_called(queued)
    assert {reason for _, reason in outcomes()} == {"answered"}
    assert answer_to(second).visible_to == answer_to(whisper).visible_to


def test_a_thread_does_not_wait_for_another(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    root = say(den, ada, "a thread")
    asked(den, ada, "@echo in the room")
    aside = asked(den, ada, "@echo aside", thread=root.pk)
    assert run_for(aside).queued_at is None


def test_other_agents_and_other_rooms_do_not_wait(
    den: Room, square: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    asked(den, ada, "@echo one")
    both = asked(den, ada, "@echo and @nod")
    assert [task.queued_at is None for task in Task.objects.filter(trigger_message=both).order_by("pk")] == [
        False,
        True,
    ]


@pytest.mark.parametrize("how", ["fails", "cancelled", "recalled"])
def test_the_next_is_called_however_the_first_ends(
    den: Room, ada: User, seat: Seat, scripted: Scripted, queued: list[UUID], how: str
) -> None:
    first = asked(den, ada, "@echo one")
    asked(den, ada, "@echo two")
    if how == "cancelled":
        cancel_run(run=run_for(first), by=ada)
    else:
        scripted.fails("refused")
        if how == "recalled":
            withdraw_message(message=first, by=ada)
        tasks.run_step(step_of(first))
    assert len(queued) == 1
    scripted.queue.clear()
    run_called(queued)
    assert outcomes()[1] == ("done", "answered")


def test_one_that_waits_can_be_stopped_and_the_rest_is_answered(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first, second, third = asked(den, ada, "@echo 1"), asked(den, bob, "@echo 2"), asked(den, ada, "@echo 3")
    cancel_run(run=run_for(second), by=bob)
    tasks.run_step(step_of(first))
    run_called(queued)
    assert run_for(second).reply is None
    assert run_for(third).reason == Reason.ANSWERED


def test_an_agent_sent_out_leaves_nobody_waiting(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    for author in (ada, bob):
        asked(den, author, "@echo?")
    unseat_agent(seat=seat, by=ada)
    run_called(queued)
    assert {reason for _, reason in outcomes()} == {"unseated"}


def test_asking_again_waits_its_turn_too(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    broken = asked(den, ada, "@echo one")
    scripted.fails("refused")
    tasks.run_step(step_of(broken))
    other = asked(den, bob, "@echo two")
    again = retry_run(run=run_for(broken), by=ada)
    assert again.queued_at is not None
    assert again.reply is None
    tasks.run_step(step_of(other))
    run_called(queued)
    assert Task.objects.get(pk=again.pk).reason == Reason.ANSWERED


def test_a_redelivered_event_does_not_jump_the_line(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    asked(den, ada, "@echo one")
    second = asked(den, ada, "@echo two")
    tasks.wake(event_of(second).pk)
    tasks.run_step(step_of(second))
    tasks.sweep()
    assert run_for(second).status == Status.WAITING
    assert not scripted.requests


def test_the_sweeper_calls_whom_a_dead_process_forgot(
    den: Room, ada: User, seat: Seat, scripted: Scripted, queued: list[UUID]
) -> None:
    first, second = asked(den, ada, "@echo one"), asked(den, ada, "@echo two")
    Task.objects.filter(trigger_message=first).update(status="interrupted", reason="worker_lost", ended_at=Now())
    sweeping.sweep()
    assert queued == [UUID(step_of(second))]


def test_everything_asked_at_once_is_answered_once_and_one_at_a_time(
    den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    """Twelve questions of three people, delivered twice by twelve threads, with as many running what is ready."""
    questions = [say(den, author, f"@echo {number}") for number in range(4) for author in (ada, bob, mod)]
    at_once: list[int] = []
    with Aside(12) as aside:
        under_way: list[Future[Any]] = [aside.run(tasks.wake, event_of(one).pk) for one in questions for _ in range(2)]

        def rest() -> bool:
            live = Task.objects.filter(status__in=["waiting", "running"])
            at_once.append(live.filter(queued_at=None).count())
            for step in Step.objects.ready().values_list("pk", flat=True):
                under_way.append(aside.run(tasks.run_step, str(step)))
            return all(future.done() for future in under_way) and not live.exists()

        until(rest, 2 * PATIENCE)
        for future in under_way:
            future.result(PATIENCE)
    assert max(at_once) <= 1
    ended = Task.objects.filter(trigger_message__in=questions)
    assert ended.count() == 12
    answered = ended.filter(reason=Reason.ANSWERED)
    assert set(answered.values_list("requester__username", flat=True)) == {"ada", "bob", "mod"}
    assert ended.exclude(reason__in=[Reason.ANSWERED, Reason.MERGED]).count() == 0
    assert len(answers(den)) == answered.count() == len(scripted.requests)


def test_a_line_is_found_again_although_its_agent_has_work_elsewhere(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, queued: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another thread it may wait for hours for somebody's leave."""
    elsewhere = say(den, bob, "a thread")
    first = asked(den, ada, "@echo?")
    second = asked(den, ada, "@echo and then?")
    asked(den, bob, "@echo?", thread=elsewhere.pk)
    with monkeypatch.context() as dying:
        dying.setattr(line, "next_up", lambda seat_id: [])
        tasks.run_step(step_of(first))
    assert not queued
    sweeping.sweep()
    assert queued == [UUID(step_of(second))]
