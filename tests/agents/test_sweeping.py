from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from agents import tasks
from agents.llm.port import Usage as Spent
from agents.llm.scripted import Scripted
from agents.models import Agent, Reason, Seat, Status, Step, Task, Usage, Wake
from agents.runs import endings, forgetting, sweeping
from agents.runs.claims import claim
from rooms import background
from rooms.live import streams
from rooms.models import Event, Message, Room, User
from rooms.services.messages import withdraw_message
from tests.waiting import until

from .asking import Aside, answer_to, ask, event_of, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


def laid(room: Room, author: User, **facts: Any) -> Message:
    question = say(room, author, "@echo?", **facts)
    woken(question)
    return question


def abandoned(room: Room, author: User, body: str = "", **facts: Any) -> Message:
    """A run whose worker died some time ago."""
    question = laid(room, author, **facts)
    assert claim(Step.objects.get(task=run_for(question)).pk)
    Step.objects.update(lease_until=Now() - timedelta(seconds=1), prompt_tokens=100)
    Message.objects.filter(pk=answer_to(question).pk).update(body=body)
    return question


def test_a_dead_workers_words_are_kept_and_marked(den: Room, ada: User, seat: Seat) -> None:
    question = abandoned(den, ada, body="As I was **saying**")
    assert sweeping.sweep().ended == 1
    answer, run = answer_to(question), run_for(question)
    assert (answer.state, answer.html) == ("interrupted", "<p>As I was <strong>saying</strong></p>")
    assert "stopped" in answer.notice
    assert (run.status, run.reason) == (Status.INTERRUPTED, Reason.WORKER_LOST)
    usage = Usage.objects.get()
    assert (usage.prompt_tokens, usage.estimated) == (100, True)
    assert sweeping.sweep().ended == 0


def test_words_that_only_redis_has_are_kept_too(den: Room, ada: User, seat: Seat) -> None:
    question = abandoned(den, ada, body="As I")
    reply = Message.objects.select_related("room").get(pk=answer_to(question).pk)
    background.run(streams.send_text(reply, 0, "As I was"), 5)
    background.run(streams.send_text(reply, 8, " saying"), 5)
    sweeping.sweep()
    assert answer_to(question).body == "As I was saying"


def test_what_was_to_be_stopped_when_its_worker_died_counts_as_stopped(den: Room, ada: User, seat: Seat) -> None:
    question = abandoned(den, ada)
    Task.objects.update(cancel_requested_at=Now(), cancelled_by=ada)
    sweeping.sweep()
    assert run_for(question).reason == Reason.CANCELLED
    assert answer_to(question).notice == "Stopped by @ada."


def test_a_run_that_cannot_be_ended_keeps_no_other_from_its_end(
    den: Room, ada: User, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other, waiting = (abandoned(den, ada, thread=say(den, ada, str(number)).pk) for number in range(3))
    Step.objects.filter(task=run_for(waiting)).update(status="waiting", queued_at=Now() - timedelta(seconds=20))
    charge = endings.charge

    def charged(step: Step, *facts: Any) -> None:
        assert step.task.trigger_message_id != broken.pk, "this one cannot be ended"
        charge(step, *facts)

    monkeypatch.setattr(endings, "charge", charged)
    lost = sweeping.sweep()
    assert run_for(other).reason == Reason.WORKER_LOST
    assert lost.steps == [Step.objects.get(task=run_for(waiting)).pk]

    monkeypatch.undo()
    Step.objects.filter(task=run_for(broken)).update(lease_until=Now())
    sweeping.sweep()
    assert run_for(broken).reason == Reason.WORKER_LOST


def test_what_the_database_will_not_have_of_a_dead_run_ends_it_as_a_fault(
    den: Room, ada: User, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = abandoned(den, ada, body="As I was saying")
    monkeypatch.setattr(sweeping, "guess", lambda step, text: Spent(completion_tokens=2**40))
    sweeping.sweep()
    assert (run_for(question).reason, answer_to(question).body) == (Reason.ERROR, "As I was saying")


def test_a_living_worker_is_left_alone(den: Room, ada: User, seat: Seat) -> None:
    question = laid(den, ada)
    assert claim(Step.objects.get().pk)
    assert sweeping.sweep().ended == 0
    assert answer_to(question).state == "writing"


def test_many_sweepers_end_a_run_once(den: Room, ada: User, seat: Seat) -> None:
    threads = [say(den, ada, f"thread {number}").pk for number in range(5)]
    questions = [abandoned(den, ada, body="words", thread=thread) for thread in threads]
    with Aside() as aside:
        ended = [future.result(30).ended for future in [aside.run(sweeping.sweep) for _ in range(6)]]
    assert sum(ended) == 5
    assert Usage.objects.count() == 5
    assert Event.objects.filter(room=den, type="run.ended").count() == len(questions)


def test_a_step_whose_queue_message_was_lost_is_queued_again_but_not_each_time(
    den: Room, ada: User, seat: Seat
) -> None:
    laid(den, ada)
    assert sweeping.sweep().steps == []
    Step.objects.update(queued_at=Now() - timedelta(seconds=20))
    assert sweeping.sweep().steps == [Step.objects.get().pk]
    assert sweeping.sweep().steps == []


def test_an_event_whose_queue_message_was_lost_wakes_all_the_same(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    question = say(den, ada, "@echo?")
    Event.objects.filter(room=den).update(pending=False, created_at=Now() - timedelta(seconds=30))
    lost = event_of(question).pk
    assert lost in sweeping.sweep().events
    tasks.wake(lost)
    assert lost not in sweeping.sweep().events
    assert answer_to(question).state == "visible"


def test_what_was_said_before_agents_came_is_swept_without_being_answered(den: Room, ada: User, echo: User) -> None:
    from agents.models import Agent
    from agents.services import seat_agent

    early = say(den, ada, "@echo are you there?")
    seat_agent(room=den, agent=Agent.objects.create(user=echo), by=ada)
    Event.objects.filter(room=den).update(created_at=Now() - timedelta(seconds=30))
    for event_id in sweeping.sweep().events:
        tasks.wake(event_id)
    assert not Task.objects.filter(trigger_message=early).exists()
    assert sweeping.sweep().events == []


def test_what_waited_too_long_is_not_begun(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    question = laid(den, ada)
    Step.objects.update(created_at=Now() - timedelta(seconds=601))
    assert sweeping.sweep().ended == 1
    assert run_for(question).reason == Reason.EXPIRED
    assert answer_to(question).state == "interrupted"


def test_an_old_question_from_a_long_queue_is_not_answered_but_has_its_run(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    question = say(den, ada, "@echo?")
    Event.objects.filter(message=question).update(created_at=Now() - timedelta(seconds=700))
    tasks.wake(event_of(question).pk)
    assert run_for(question).reason == Reason.EXPIRED
    assert not scripted.requests


def test_a_message_that_nobody_writes_is_ended(den: Room, ada: User, seat: Seat) -> None:
    question = laid(den, ada)
    Task.objects.update(status=Status.FAILED, reason=Reason.ERROR, ended_at=Now())
    Message.objects.filter(state="writing").update(created_at=Now() - timedelta(seconds=90), body="half")
    assert sweeping.sweep().ended == 1
    assert (answer_to(question).state, answer_to(question).body) == ("interrupted", "half")


def test_marks_are_forgotten_after_a_while(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    ask(den, ada, "@echo?")
    sweeping.sweep()
    assert Wake.objects.count() == 1
    Wake.objects.update(at=Now() - timedelta(hours=2))
    sweeping.sweep()
    assert not Wake.objects.exists()


def test_a_question_nobody_was_told_of_is_found_however_much_was_said_since(den: Room, ada: User, seat: Seat) -> None:
    event = event_of(say(den, ada, "@echo?"))
    until(lambda: not Event.objects.filter(pending=True).exists())  # queued, and nobody takes it
    assert sweeping.events_to_wake() == []  # somebody may be about to
    Event.objects.filter(pk=event.pk).update(created_at=Now() - timedelta(seconds=sweeping.REQUEUE_AFTER + 1))
    assert sweeping.events_to_wake() == [event.pk]
    go_on(den, 500)
    assert sweeping.events_to_wake() == [event.pk]


def test_of_a_room_where_nothing_has_happened_lately_nothing_is_looked_through(
    den: Room, ada: User, seat: Seat
) -> None:
    say(den, ada, "@echo?")
    until(lambda: not Event.objects.filter(pending=True).exists())
    Event.objects.update(created_at=Now() - timedelta(days=1))
    assert sweeping.events_to_wake() == []


def go_on(room: Room, count: int) -> None:
    room.refresh_from_db()
    later = range(room.last_seq + 1, room.last_seq + 1 + count)
    Event.objects.bulk_create(Event(room=room, seq=seq, type="room.changed", data={}) for seq in later)
    Room.objects.filter(pk=room.pk).update(last_seq=room.last_seq + count)


def taken_back(den: Room, ada: User, scripted: Scripted) -> Event:
    """ada's question, for which a tool was used, is gone. Its handlers are queued, and nobody takes them."""
    Agent.objects.update(tools=["calculator"])
    scripted.calls("calculator", expression="6*7").finishes("tool_calls").says("It is 42.")
    withdraw_message(message=ask(den, ada, "@echo six times seven?"), by=ada)
    until(lambda: not Event.objects.filter(pending=True).exists())
    return a_while_ago(Event.objects.get(type="message.withdrawn"))


def a_while_ago(event: Event) -> Event:
    Event.objects.filter(pk=event.pk).update(created_at=Now() - timedelta(seconds=sweeping.REQUEUE_AFTER + 1))
    return event


def kept_of_tools() -> str:
    return str(list(Step.objects.filter(kind="tool").values_list("input", "output")))


def test_what_was_taken_back_is_forgotten_also_when_the_queue_was_lost(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    event = taken_back(den, ada, scripted)
    assert "6*7" in kept_of_tools()
    assert sweeping.sweep().taken_back == [event.pk]
    tasks.forget(event.pk)
    assert "6*7" not in kept_of_tools()
    assert sweeping.sweep().taken_back == []


def test_what_the_database_could_not_forget_at_once_is_forgotten_later(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deadlock(event_id: int) -> None:
        raise OperationalError("deadlock detected")

    event = taken_back(den, ada, scripted)
    with monkeypatch.context() as context:
        context.setattr(forgetting, "forget", deadlock)
        tasks.forget(event.pk)
    assert sweeping.sweep().taken_back == [event.pk]


def test_as_long_as_a_run_goes_on_what_it_may_still_write_is_to_be_forgotten(den: Room, ada: User, seat: Seat) -> None:
    question = laid(den, ada)
    withdraw_message(message=question, by=ada)
    until(lambda: not Event.objects.filter(pending=True).exists())
    event = a_while_ago(Event.objects.get(type="message.withdrawn"))
    tasks.forget(event.pk)
    assert sweeping.events_to_forget() == [event.pk]
    Task.objects.update(status=Status.FAILED, reason=Reason.RECALLED, ended_at=Now())
    tasks.forget(event.pk)
    assert sweeping.events_to_forget() == []
