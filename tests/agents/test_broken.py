"""Whatever happens to a call: one reason, what was shown is kept and marked, and a sentence for the room."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError

from agents.llm.errors import SENTENCES
from agents.llm.port import LLMError
from agents.llm.port import Usage as Spent
from agents.llm.scripted import Scripted
from agents.models import Agent, Reason, Seat, Status, Step, Usage
from agents.money import budgets
from agents.outcomes import Outcome
from agents.routing.retrying import pause_before
from agents.speaking import conversing
from rooms.gates import Verdict, Weight
from rooms.models import Event, Message, Room, User

from .asking import answer_to, ask, run_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.01)


BREAKS = ["busy", "down", "refused", "timeout", "protocol", "truncated", "empty", "too_large"]


@pytest.mark.parametrize("kind", BREAKS)
def test_an_answer_that_breaks_keeps_its_words_and_says_why(
    den: Room, ada: User, seat: Seat, scripted: Scripted, kind: Any
) -> None:
    scripted.says("Half an", " answer").fails(kind)
    question = ask(den, ada, "@echo?")
    answer, run = answer_to(question), run_for(question)
    assert (answer.state, answer.body) == ("interrupted", "Half an answer")
    assert answer.html == "<p>Half an answer</p>"
    assert answer.notice == run.notice == SENTENCES[kind]
    assert (run.status, run.reason) == (Status.INTERRUPTED, Reason(kind))
    assert Step.objects.get().error == kind
    assert len(scripted.requests) == 1
    assert Usage.objects.get().estimated
    assert Event.objects.filter(room=den, type="message.interrupted", message=answer).count() == 1
    ended = Event.objects.get(room=den, type="run.ended")
    assert ended.data["reason"] == kind
    assert "Half" not in str(ended.data)


@pytest.mark.parametrize("kind", BREAKS)
def test_where_nothing_was_said_an_empty_message_says_why(
    den: Room, ada: User, seat: Seat, scripted: Scripted, kind: Any
) -> None:
    for _ in range(3):
        scripted.fails(kind)
    question = ask(den, ada, "@echo?")
    answer, run = answer_to(question), run_for(question)
    assert (answer.state, answer.body, answer.html, answer.notice) == ("interrupted", "", "", SENTENCES[kind])
    assert (run.status, run.reason) == (Status.FAILED, Reason(kind))


@pytest.mark.parametrize("kind", ["busy", "down"])
def test_a_busy_model_is_asked_again_twice_before_a_word_was_said(
    den: Room, ada: User, seat: Seat, scripted: Scripted, kind: Any
) -> None:
    scripted.fails(kind)
    scripted.fails(kind)
    scripted.says("at last")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "at last"
    assert len(scripted.requests) == 3
    assert Usage.objects.count() == 1


@pytest.mark.parametrize("kind", ["refused", "timeout", "protocol", "empty", "too_large", "truncated"])
def test_nothing_else_is_tried_again(den: Room, ada: User, seat: Seat, scripted: Scripted, kind: Any) -> None:
    scripted.fails(kind)
    ask(den, ada, "@echo?")
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "waits"), [(None, True), (0.5, True), (10.0, True), (10.5, False), (3600.0, False)]
)
def test_retry_after_is_honoured_up_to_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, retry_after: float | None, waits: bool
) -> None:
    monkeypatch.undo()

    pause = pause_before(2, LLMError("busy", retry_after=retry_after))
    assert (pause is not None) == waits
    assert pause is None or retry_after is None or retry_after <= pause <= retry_after * 1.1 + 1.5


def test_pauses_are_jittered_and_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    first = {pause_before(2, LLMError("down")) or 0 for _ in range(20)}
    second = {pause_before(3, LLMError("down")) or 0 for _ in range(20)}
    assert len(first) == len(second) == 20
    assert sum(second) > sum(first)
    assert pause_before(4, LLMError("down")) is None


def test_the_longest_allowed_answer_is_marked_as_cut(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("to be cont").finishes("length")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.LENGTH
    assert answer_to(question).body == "to be cont"
    assert "longest allowed" in answer_to(question).notice


def test_what_the_providers_filter_stops_is_marked(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("once upon").finishes("content_filter")
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.FILTERED, "once upon")


def test_a_tool_call_where_there_are_no_tools_is_nonsense(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.calls("rm", path="/").finishes("tool_calls")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.PROTOCOL


def test_blanks_are_no_answer(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("\n \n")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.EMPTY


def test_a_flood_is_cut_where_a_message_is_full(
    den: Room, ada: User, seat: Seat, scripted: Scripted, settings: Any
) -> None:
    settings.MESSAGE_MAX_CHARACTERS = 500
    Agent.objects.update(model="scripted:endless", max_reply_tokens=16_000)
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert run_for(question).reason == Reason.TOO_LARGE
    assert len(answer.body) == 500
    assert answer.notice


def test_a_backend_that_minds_no_deadline_is_cut_off(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(request: Any):
        import asyncio

        from agents.llm.port import Text

        yield Text("I never")
        await asyncio.sleep(60)

    monkeypatch.setattr(scripted, "stream", deaf)
    monkeypatch.setattr(conversing, "GRACE", 0.2)
    Agent.objects.update(total_seconds=2.5)
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.TIMEOUT, "I never")


def test_a_stall_ends_at_the_agents_own_deadline(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    Agent.objects.update(idle_seconds=0.3)
    scripted.says("and then").stalls()
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.TIMEOUT, "and then")
    assert Step.objects.get().error == "timeout.idle"


def test_a_fault_of_our_own_ends_with_a_reason_too(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(request: Any):
        from agents.llm.port import Text

        yield Text("so far so good")
        raise ZeroDivisionError

    monkeypatch.setattr(scripted, "stream", faulty)
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).body) == (Reason.ERROR, "so far so good")
    assert Step.objects.get().error == "ZeroDivisionError"
    monkeypatch.setattr("agents.context.building.build", lambda *_: 1 / 0)
    assert run_for(ask(den, ada, "@echo again?")).reason == Reason.ERROR


def test_an_end_that_cannot_be_written_is_an_end_with_a_reason(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a run that stands there until its lease runs out."""

    def refused(step: Step, fence: int, outcome: Outcome) -> None:
        if outcome.usage is not None:
            raise DataError("integer out of range")

    for writing in ("finish", "charge"):
        monkeypatch.setattr(f"agents.runs.endings.{writing}", refused)
    scripted.says("so far so good")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.ERROR
    assert answer_to(question).state == "interrupted"
    assert answer_to(question).body == "so far so good"


def test_errors_trigger_no_agent(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    from .conftest import another_agent

    another_agent(den, ada, "eager", trigger="always")
    scripted.says("@eager help").fails("protocol")
    question = ask(den, ada, "@echo?")
    from agents.triggers import waking

    for event in Event.objects.filter(room=den, seq__gt=question.seq):
        assert waking.answer(event.pk) == []


# --- gates


def test_a_step_gate_refuses_before_a_token_is_spent(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = Verdict(Weight.REFUSE, rule="budget", reason="Nothing left for today.")
    monkeypatch.setattr(budgets, "gates", lambda: (lambda call: no,))
    question = ask(den, ada, "@echo?")
    assert (run_for(question).reason, answer_to(question).notice) == (Reason.BUDGET, "Nothing left for today.")
    assert not scripted.requests
    assert not Usage.objects.exists()


def test_a_question_larger_than_the_agents_limit_is_cut_and_never_exceeds_it(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    Agent.objects.update(max_prompt_tokens=256, system_prompt="x" * 4000)
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.LIMITED
    assert "256 are allowed" in answer_to(question).notice


def test_a_reply_gate_that_refuses_the_whole_leaves_nothing(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole_only(window: Any) -> Verdict:
        return Verdict(Weight.REFUSE, rule="tone", reason="Not in this tone.") if window.whole else Verdict()

    monkeypatch.setattr("agents.speaking.gates.gates", lambda: (whole_only,))
    scripted.says("grumble")
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert (answer.state, answer.body, answer.notice) == ("interrupted", "", "Not in this tone.")
    assert run_for(question).reason == Reason.WITHHELD
    assert Usage.objects.get().completion_tokens


def test_the_rest_of_a_withheld_answer_stays_unseen(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def secret(window: Any) -> Verdict:
        return Verdict(Weight.REFUSE, rule="secret") if "canary" in window.text else Verdict()

    monkeypatch.setattr("agents.speaking.gates.gates", lambda: (secret,))
    scripted.says("all is well ").delay(0.1).says("says the canary").stalls()
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert (answer.state, answer.body) == ("interrupted", "all is well ")
    assert run_for(question).reason == Reason.WITHHELD


# --- the closed list


def test_every_reason_has_words_for_the_room() -> None:
    from agents.outcomes import SENTENCES as OURS

    said_elsewhere = {*BREAKS, Reason.UNAVAILABLE, Reason.LIMITED, Reason.WITHHELD}
    assert {*OURS, *said_elsewhere} >= set(Reason)


def test_an_end_without_a_reason_cannot_be_written(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    from django.db import IntegrityError

    question = ask(den, ada, "@echo?")
    run = run_for(question)
    run.reason = ""
    with pytest.raises(IntegrityError, match="task_ends_with_a_reason"):
        run.save()


def test_statuses_follow_from_reason_and_text() -> None:
    assert Outcome(Reason.ANSWERED, "x").status == Status.DONE
    assert Outcome(Reason.CANCELLED, "x").status == Status.CANCELLED
    assert Outcome(Reason.DOWN, "x", usage=Spent()).status == Status.INTERRUPTED
    assert Outcome(Reason.DOWN).status == Status.FAILED


def test_whitespace_and_message_rows_agree(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("\n\nHello\r\n", "there\x00\n")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "Hello\nthere\n"
    assert Message.objects.filter(state="writing").count() == 0
