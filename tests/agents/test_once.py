"""A task delivered twice gives one answer and one charge; whoever lost the lease changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from agents import tasks
from agents.llm.port import Usage as Spent
from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Status, Step, Task, Usage
from agents.money.charging import charge
from agents.outcomes import Outcome
from agents.runs import endings, sweeping
from agents.runs import life as runs
from agents.runs.claims import claim
from agents.runs.laying import lay
from rooms.models import Event, Message, Room, User
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, event_of, run_for, say, woken
from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)


def answers_in(room: Room) -> list[str]:
    return list(Message.objects.filter(room=room, author__kind="agent").order_by("seq").values_list("body", flat=True))


def test_an_event_delivered_many_times_at_once_is_answered_once(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    question = say(den, ada, "@echo once?")
    with Aside() as aside:
        for future in [aside.run(tasks.wake, event_of(question).pk) for _ in range(8)]:
            future.result(PATIENCE)
    assert len(scripted.requests) == 1
    assert len(answers_in(den)) == Task.objects.count() == Usage.objects.count() == 1


def test_a_step_delivered_many_times_at_once_is_run_once(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    question = say(den, ada, "@echo once?")
    step = woken(question)[0]
    with Aside() as aside:
        for future in [aside.run(tasks.run_step, str(step)) for _ in range(8)]:
            future.result(PATIENCE)
    assert len(scripted.requests) == 1
    assert Usage.objects.count() == 1
    assert Step.objects.get().fence == 1


def test_a_late_redelivery_finds_everything_done(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    question = ask(den, ada, "@echo once?")
    seq = Room.objects.get(pk=den.pk).last_seq
    for _ in range(3):
        tasks.wake(event_of(question).pk)
    assert Room.objects.get(pk=den.pk).last_seq == seq
    assert Usage.objects.count() == 1


def test_a_redelivery_after_a_crash_between_laying_and_running_runs_what_waits(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    question = say(den, ada, "@echo once?")
    woken(question)
    assert answers_in(den) == [""]
    scripted.says("here")
    tasks.wake(event_of(question).pk)
    assert answers_in(den) == ["here"]


def test_several_agents_answer_one_message_each_once(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    another_agent(den, ada, "nod")
    another_agent(den, ada, "always", trigger="always")
    question = say(den, ada, "@nod and @echo, both of you")
    steps = woken(question)
    writing = Message.objects.filter(room=den, state="writing").order_by("seq")
    assert [message.author.username for message in writing] == ["echo", "nod", "always"]
    for step in steps:
        runs.run(step)
    assert Task.objects.filter(trigger_message=question, status=Status.DONE).count() == 3


def test_an_agent_that_names_another_is_answered_once_however_often_that_is_told(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    another_agent(den, ada, "nod")
    scripted.says("@nod what do you think?")
    question = ask(den, ada, "@echo start")
    answer = answer_to(question)
    told = Event.objects.get(message=answer, type="message.finished")
    with Aside() as aside:
        for future in [aside.run(tasks.wake, told.pk) for _ in range(8)]:
            future.result(PATIENCE)
    assert Task.objects.filter(trigger_message=answer).count() == 1


def test_what_is_said_where_no_agent_sits_costs_no_queue(den: Room, ada: User) -> None:
    assert not event_of(say(den, ada, "just us")).pending
    assert woken(Message.objects.get()) == []


# --- claims and fences


def laid(seat: Seat, author: User, body: str = "@echo?") -> Task:
    return lay(seat=seat, question=say(seat.room, author, body), requester=author) or pytest.fail("not laid")


def test_only_one_of_many_gets_a_claim(seat: Seat, ada: User) -> None:
    step = laid(seat, ada).steps.get()
    with Aside() as aside:
        claims = [future.result(PATIENCE) for future in [aside.run(claim, step.pk) for _ in range(16)]]
    assert [each.fence for each in claims if each] == [1]


def test_a_claim_has_a_lease_by_the_databases_clock(seat: Seat, ada: User) -> None:
    step = laid(seat, ada).steps.get()
    assert claim(step.pk)
    row = Step.objects.filter(
        lease_until__gt=Now() + timedelta(seconds=15), lease_until__lt=Now() + timedelta(seconds=21)
    )
    assert row.get().lease_owner.endswith(tuple("0123456789"))


def test_a_step_waits_for_what_it_needs(seat: Seat, ada: User) -> None:
    task = laid(seat, ada)
    first = task.steps.get()
    joined = Step.objects.create(task=task)
    side = Step.objects.create(task=task)
    joined.needs.add(first, side)
    assert claim(joined.pk) is None
    assert set(Step.objects.ready()) == {first, side}
    for step in (first, side):
        Step.objects.filter(pk=step.pk).update(status=Status.DONE, ended_at=Now())
    assert runs.ready_after(first) == [joined.pk]
    assert claim(joined.pk)


def test_a_zombie_changes_nothing(den: Room, seat: Seat, ada: User) -> None:
    """Its lease ran out while it slept, and the sweeper has ended its run."""
    task = laid(seat, ada)
    step = Step.objects.select_related(*runs.RELATED).get(task=task)
    mine = claim(step.pk)
    assert mine
    Step.objects.filter(pk=step.pk).update(lease_until=Now() - timedelta(seconds=1))
    assert sweeping.sweep().ended == 1
    seq = Room.objects.get(pk=den.pk).last_seq
    late = Outcome(Reason.ANSWERED, "I am back", usage=Spent(1, 1))
    assert not endings.end_step(step, mine.fence, late)
    assert Room.objects.get(pk=den.pk).last_seq == seq
    assert Usage.objects.count() == 0
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.INTERRUPTED, Reason.WORKER_LOST)
    assert answers_in(den) == [""]


def test_a_run_whose_lease_was_taken_falls_silent_and_writes_nothing(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("I begin").stalls()
    question = say(den, ada, "@echo?")
    with Aside() as aside:
        running = aside.run(tasks.wake, event_of(question).pk)
        until(lambda: Message.objects.filter(body="I begin").exists())
        Step.objects.update(fence=7)
        running.result(PATIENCE)
    assert run_for(question).status == Status.RUNNING
    assert Usage.objects.count() == 0


def test_the_ledger_takes_one_row_for_a_claim(seat: Seat, ada: User) -> None:
    step = Step.objects.select_related(*runs.RELATED).get(task=laid(seat, ada))
    with transaction.atomic():
        charge(step, 1, Outcome(Reason.ANSWERED, usage=Spent(1, 1)))
    with pytest.raises(IntegrityError), transaction.atomic():
        charge(step, 1, Outcome(Reason.ANSWERED, usage=Spent(1, 1)))


def test_the_same_attempt_cannot_be_laid_twice(seat: Seat, ada: User) -> None:
    task = laid(seat, ada)
    assert task.trigger_message
    assert lay(seat=seat, question=task.trigger_message, requester=ada) is None
    assert Message.objects.filter(state="writing").count() == 1
