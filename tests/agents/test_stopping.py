from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents import services, tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Reason, Seat, Status, Step, Task, Usage
from agents.runs import watch
from agents.runs.watch import stop_here
from rooms.errors import Conflict
from rooms.models import Event, Membership, Message, Room, User
from rooms.services.memberships import remove_member
from rooms.services.messages import redact_message, withdraw_message
from rooms.services.rooms import delete_room
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, event_of, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


class Talking:
    """An answer that has begun and will not end by itself."""

    def __init__(self, question: Message, running: object) -> None:
        self.question = question
        self.running = running

    def ends(self) -> Task:
        """It would not by itself: its model says nothing more, and is given hours."""
        self.running.result(PATIENCE)  # type: ignore[attr-defined]
        return run_for(self.question)


@pytest.fixture
def talking(den: Room, ada: User, seat: Seat, scripted: Scripted) -> Iterator[Talking]:
    scripted.says("I begin").stalls()
    Agent.objects.update(idle_seconds=100)
    question = say(den, ada, "@echo?")
    with Aside() as aside:
        running = aside.run(tasks.wake, event_of(question).pk)
        until(lambda: Message.objects.filter(body="I begin").exists())
        yield Talking(question, running)
        stop_here("cancelled")


def test_a_second_is_enough_for_a_look_at_what_runs() -> None:
    assert watch.LOOK <= 0.5


def test_who_asked_stops_the_answer_and_its_words_stay(talking: Talking, ada: User) -> None:
    services.cancel_run(run=run_for(talking.question), by=ada)
    run = talking.ends()
    answer = answer_to(talking.question)
    assert (run.status, run.reason, run.cancelled_by) == (Status.CANCELLED, Reason.CANCELLED, ada)
    assert (answer.state, answer.body, answer.notice) == ("interrupted", "I begin", "Stopped by @ada.")
    usage = Usage.objects.get()
    assert usage.estimated
    assert usage.completion_tokens > 0


def test_stopping_twice_is_stopping_once_and_too_late_is_a_conflict(talking: Talking, ada: User, mod: User) -> None:
    services.cancel_run(run=run_for(talking.question), by=mod)
    services.cancel_run(run=run_for(talking.question), by=ada)
    run = talking.ends()
    assert run.cancelled_by == mod
    with pytest.raises(Conflict):
        services.cancel_run(run=run, by=ada)


def test_what_nobody_has_begun_ends_at_once(den: Room, ada: User, seat: Seat) -> None:
    question = say(den, ada, "@echo?")
    (step,) = woken(question)
    run = services.cancel_run(run=run_for(question), by=ada)
    assert (run.status, Step.objects.get().status) == (Status.CANCELLED, Status.CANCELLED)
    assert answer_to(question).state == "interrupted"
    tasks.run_step(str(step))
    assert not Usage.objects.exists()


def test_a_moderator_who_redacts_a_half_written_answer_ends_it(talking: Talking, mod: User) -> None:
    redact_message(message=answer_to(talking.question), by=mod)
    run = talking.ends()
    answer = answer_to(talking.question)
    assert (run.reason, answer.state, answer.body) == (Reason.RECALLED, "redacted", "")


def test_taking_the_question_back_ends_the_answer(talking: Talking, ada: User) -> None:
    withdraw_message(message=talking.question, by=ada)
    assert talking.ends().reason == Reason.RECALLED


def test_an_agent_that_is_sent_out_falls_silent(talking: Talking, ada: User, seat: Seat) -> None:
    services.unseat_agent(seat=seat, by=ada)
    assert talking.ends().reason == Reason.UNSEATED
    assert answer_to(talking.question).body == "I begin"


def test_an_agent_that_is_removed_like_a_person_falls_silent_too(
    talking: Talking, ada: User, den: Room, seat: Seat
) -> None:
    remove_member(room=den, user=seat.agent.user, by=ada)
    assert talking.ends().reason == Reason.UNSEATED


def test_a_deleted_room_is_written_in_no_more(talking: Talking, ada: User, den: Room) -> None:
    delete_room(room=den, by=ada)
    assert talking.ends().reason == Reason.UNSEATED
    assert not Task.objects.filter(status__in=["waiting", "running"]).exists()


def test_a_worker_that_is_told_to_go_leaves_marked_words(talking: Talking) -> None:
    stop_here(Reason.WORKER_LOST)
    run = talking.ends()
    answer = answer_to(talking.question)
    assert (run.reason, answer.state, answer.body) == (Reason.WORKER_LOST, "interrupted", "I begin")
    assert "process writing it stopped" in answer.notice


def test_first_words_are_kept_before_any_heartbeat(talking: Talking) -> None:
    """`talking` waits for the row: without Redis nothing else would hold them."""
    assert Message.objects.get(body="I begin").state == "writing"


def test_a_question_that_was_taken_back_before_is_not_answered(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    question = say(den, ada, "@echo?")
    (step,) = woken(question)
    withdraw_message(message=question, by=ada)
    tasks.run_step(str(step))
    assert run_for(question).reason == Reason.RECALLED
    assert not scripted.requests


# --- seats


def test_an_agent_removed_like_a_person_answers_no_more_and_can_be_seated_again_only_after_it_was_sent_out(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    remove_member(room=den, user=seat.agent.user, by=ada)
    ask(den, ada, "@echo?")
    assert not Task.objects.exists()
    services.unseat_agent(seat=seat, by=ada)
    services.seat_agent(room=den, agent=seat.agent, by=ada)
    assert answer_to(ask(den, ada, "@echo?")).state == "visible"


def test_a_seat_makes_a_member_and_a_watched_room_and_leaves_neither(den: Room, ada: User, seat: Seat) -> None:
    assert Room.objects.get(pk=den.pk).watched
    assert Membership.objects.filter(room=den, user=seat.agent.user, role="member").exists()
    services.change_seat(seat=seat, by=ada, trigger="always")
    services.unseat_agent(seat=seat, by=ada)
    assert not Room.objects.get(pk=den.pk).watched
    assert not Membership.objects.filter(room=den, user=seat.agent.user).exists()
    told = Event.objects.filter(room=den, type__startswith="seat.").order_by("seq")
    assert [(event.type, event.data["trigger"]) for event in told] == [
        ("seat.added", "mention"),
        ("seat.changed", "always"),
        ("seat.removed", "always"),
    ]


def test_a_new_seat_does_not_answer_what_was_said_before_it_came(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    from .conftest import another_agent

    before = say(den, ada, "good morning")
    another_agent(den, ada, "eager", trigger="always")
    woken(before)
    assert not Task.objects.exists()
    assert len(woken(say(den, ada, "and now?"))) == 1


# --- asking again


def test_a_broken_answer_can_be_asked_for_again(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Half").fails("protocol")
    question = ask(den, ada, "@echo?")
    broken = run_for(question)
    again = services.retry_run(run=broken, by=bob)
    assert (again.attempt, again.requester, again.root_message) == (2, bob, question)
    scripted.says("Whole")
    tasks.run_step(str(again.steps.get().pk))
    again.refresh_from_db()
    assert again.reply
    assert (again.status, again.reply.body) == (Status.DONE, "Whole")
    broken.refresh_from_db()
    assert broken.reply
    assert (broken.status, broken.reply.body) == (Status.INTERRUPTED, "Half")
    with pytest.raises(Conflict):
        services.retry_run(run=broken, by=bob)
    with pytest.raises(Conflict):
        services.retry_run(run=again, by=bob)


def test_many_who_ask_again_at_once_get_one_answer(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.fails("protocol")
    broken = run_for(ask(den, ada, "@echo?"))

    def again() -> bool:
        try:
            services.retry_run(run=Task.objects.select_related("room", "agent__user").get(pk=broken.pk), by=ada)
        except Conflict:
            return False
        return True

    with Aside() as aside:
        assert sum(future.result(PATIENCE) for future in [aside.run(again) for _ in range(8)]) == 1


def test_nobody_asks_again_for_what_was_taken_back(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.fails("protocol")
    question = ask(den, ada, "@echo?")
    withdraw_message(message=question, by=ada)
    with pytest.raises(Conflict, match="taken back"):
        services.retry_run(run=run_for(question), by=ada)
