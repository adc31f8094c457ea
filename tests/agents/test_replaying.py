"""A turn once more, offline, from what the provider sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Breaker, Reason, Seat, Step, Tape, Task, Usage
from agents.runs import housekeeping
from agents.services import cancel_run
from agents.speaking import gates
from rooms.gates import ALLOW, Verdict, Weight
from rooms.models import Event, Message, Room, User
from rooms.services.messages import edit_message, redact_message, withdraw_message
from rooms.services.rooms import delete_room
from tests.waiting import until

from .asking import Aside, answer_to, ask, event_of, run_for, say

pytestmark = pytest.mark.django_db(transaction=True)


class Played:
    def __init__(self, capsys: pytest.CaptureFixture[str], run: Task, *options: str) -> None:
        self.code = 0
        try:
            call_command("replay", str(run.pk), *options)
        except SystemExit as end:
            self.code = int(str(end.code))
        self.out, self.err = capsys.readouterr()


def test_the_same_tape_gives_the_same_bytes_as_the_room_was_shown_every_time(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    say(den, bob, "the tea is ready")
    scripted.says("\n  Yes,", " it", "\x00 **is**", ".\r\n", "Ünïcode \ud800 too. ")
    question = ask(den, ada, "@echo is there tea?")
    asked = len(scripted.requests)
    first, second = (Played(capsys, run_for(question)) for _ in range(2))
    assert first.out == second.out == answer_to(question).body
    assert (first.code, first.err) == (0, "It is the same.\n")
    assert len(scripted.requests) == asked, "no model was asked"


def test_a_turn_with_tools_is_played_with_what_they_answered_then(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(tools=["calculator"])
    scripted.says("Let me see.").calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("It is 42.")
    question = ask(den, ada, "@echo?")
    played = Played(capsys, run_for(question))
    assert played.out == answer_to(question).body == "Let me see.\n\nIt is 42."
    assert played.err == "It is the same.\n"


def test_what_tools_read_in_the_room_is_not_kept_and_that_is_said(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(tools=["read_messages"])
    scripted.calls("read_messages").finishes("tool_calls")
    scripted.says("Nothing new.")
    played = Played(capsys, run_for(ask(den, ada, "@echo?")))
    assert played.out == "Nothing new."
    assert "What the tools read in the room is not kept." in played.err


def test_a_call_that_failed_and_was_made_again_is_on_the_tape_too(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.fails("busy", retry_after=0)
    scripted.says("Now I can.")
    question = ask(den, ada, "@echo?")
    assert [tape.parts[-1].get("error") for tape in Tape.objects.order_by("number")] == ["busy", None]
    assert Played(capsys, run_for(question)).out == "Now I can."


def test_an_answer_that_broke_off_breaks_off_again(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.truncates("Half of")
    question = ask(den, ada, "@echo?")
    played = Played(capsys, run_for(question))
    assert played.out == answer_to(question).body == "Half of"
    assert "The answer broke off before its end." in played.err


def test_playing_changes_nothing_and_reaches_nobody(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    question = ask(den, ada, "@echo?")

    def all_there_is() -> list[Any]:
        kinds = (Event, Message, Usage, Breaker, Tape, Step, Task)
        return [list(kind.objects.order_by("pk").values_list()) for kind in kinds]

    until(lambda: not Event.objects.filter(pending=True).exists())  # the room's own handlers write too, beside us
    before = all_there_is()
    with CaptureQueriesContext(connection) as queries:
        assert Played(capsys, run_for(question)).code == 0
    assert all_there_is() == before
    written = [query["sql"] for query in queries if not query["sql"].lstrip().upper().startswith("SELECT")]
    assert all("READ ONLY" in sql or sql in ("BEGIN", "COMMIT") for sql in written), written


def test_as_another_agent_the_request_is_another_and_nothing_is_invented(
    den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.says("As echo.")
    question = ask(den, ada, "@echo?")
    played = Played(capsys, run_for(question), "--agent", "nod")
    assert (played.code, played.out) == (1, "")
    assert "differs in the prompt" in played.err
    assert "There is no tape of the request" in played.err
    scripted.says("As nod, live.")
    played = Played(capsys, run_for(question), "--agent", "nod", "--live")
    assert (played.code, played.out) == (0, "As nod, live.")
    assert "It is not what stands there." in played.err
    with pytest.raises(CommandError, match="There is no agent nobody"):
        call_command("replay", str(run_for(question).pk), "--agent", "nobody")


def test_after_an_edit_of_what_was_read_it_says_so_and_where_the_request_differs(
    den: Room, ada: User, bob: User, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    source = say(den, bob, "it was tall")
    question = ask(den, ada, "@echo?")
    edit_message(message=source, by=bob, body="it was small")
    played = Played(capsys, run_for(question))
    assert played.code == 1
    assert f"Message {source.seq} of @bob ({source.pk}) was edited." in played.err
    assert "differs in the prompt" in played.err


def test_a_change_of_the_model_is_named(den: Room, ada: User, seat: Seat, capsys: pytest.CaptureFixture[str]) -> None:
    question = ask(den, ada, "@echo?")
    Agent.objects.filter(pk=seat.agent_id).update(model="scripted:say No")
    played = Played(capsys, run_for(question))
    assert played.code == 1
    assert "differs in the model: scripted then, scripted:say No now." in played.err


def test_without_memory_it_says_that_there_was_nothing_to_leave_out(
    den: Room, ada: User, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    played = Played(capsys, run_for(ask(den, ada, "@echo?")), "--without-memory")
    assert played.code == 0
    assert "There was nothing of memory to leave out." in played.err


def test_a_run_that_is_not_there_cannot_be_played(seat: Seat) -> None:
    with pytest.raises(CommandError, match="There is no run"):
        call_command("replay", "01a1fc4e-3e63-7f6e-afa6-2899534b32d7")


# --- what is kept, and how long


def cuts(window: Any) -> Verdict:
    if "canary" not in window.text:
        return ALLOW
    return Verdict(Weight.REDACT, rule="test", reason="no", body=window.text.replace("canary", "bird"))


def ends(window: Any) -> Verdict:
    found = "canary" in window.before + window.text
    return Verdict(Weight.REFUSE, rule="test") if found else ALLOW


@pytest.fixture
def gated(settings: Any) -> Any:
    settings.REPLY_GATES = ["tests.agents.test_replaying.cuts"]
    gates.gates.cache_clear()
    yield
    gates.gates.cache_clear()


def test_of_an_answer_that_a_gate_changed_the_tape_has_what_it_let_through(
    gated: None, den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.says("A canary sings.")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "A bird sings."
    (tape,) = Tape.objects.all()
    assert (tape.passed, tape.parts) == (True, ["A bird sings.", {"end": "answered"}])
    first, second = (Played(capsys, run_for(question)) for _ in range(2))
    assert (first.code, first.out) == (second.code, second.out) == (0, "A bird sings.")
    assert "is played from what its gates let through by its end" in first.err
    assert first.err.endswith("It is the same.\n")


@pytest.mark.parametrize("reach", [1, 40])
def test_of_an_answer_that_a_gate_ended_nothing_is_kept_that_nobody_was_shown(
    settings: Any, den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str], reach: int
) -> None:
    settings.REPLY_GATES = ["tests.agents.test_replaying.ends"]
    gates.gates.cache_clear()
    ends.reach = reach  # type: ignore[attr-defined]
    try:
        scripted.says(*"In the garden there is a small can", "ary that sings all day long, and a cat that listens.")
        question = ask(den, ada, "@echo?")
        played = Played(capsys, run_for(question))
    finally:
        gates.gates.cache_clear()
    answer = answer_to(question)
    assert (run_for(question).reason, played.code, played.out) == (Reason.WITHHELD, 0, answer.body)
    assert "canary" not in str(list(Tape.objects.values_list("parts", flat=True)))
    assert "sings" not in str(list(Tape.objects.values_list("parts", flat=True)))
    assert "It ended so: The rest of this answer was withheld by a rule of the room." in played.err


def test_an_answer_that_somebody_stopped_is_played_up_to_there(
    den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has said more than people have seen: that much is not kept."""
    Agent.objects.filter(pk=seat.agent_id).update(model="scripted:words-i50-n200")
    question = say(den, ada, "@echo?")
    with Aside(1) as aside:
        aside.run(tasks.wake, event_of(question).pk)
        until(lambda: Message.objects.filter(task__trigger_message=question).exclude(body="").exists())
        cancel_run(run=run_for(question), by=ada)
    answer = answer_to(question)
    assert (run_for(question).reason, answer.state) == (Reason.CANCELLED, "interrupted")
    (tape,) = Tape.objects.all()
    assert tape.parts == [answer.body, {"end": "cancelled"}]
    first, second = (Played(capsys, run_for(question)) for _ in range(2))
    assert (first.code, first.out) == (second.code, second.out) == (0, answer.body)
    assert "It ended so: The answer was stopped." in first.err


def test_an_answer_in_two_parts_of_which_a_gate_changed_one_is_played_whole(
    gated: None, den: Room, ada: User, seat: Seat, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(tools=["calculator"])
    scripted.says("The canary counts.").calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("It is 42.")
    question = ask(den, ada, "@echo?")
    assert answer_to(question).body == "The bird counts.\n\nIt is 42."
    played = Played(capsys, run_for(question))
    assert (played.code, played.out) == (0, answer_to(question).body)
    assert "canary" not in str(list(Tape.objects.values_list("parts", flat=True)))


def test_tapes_are_recorded_only_where_that_is_wanted(
    settings: Any, den: Room, ada: User, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RECORD_TAPES = False
    question = ask(den, ada, "@echo?")
    assert not Tape.objects.exists()
    played = Played(capsys, run_for(question))
    assert (played.code, played.out) == (1, "")
    assert "Nothing was recorded" in played.err


@pytest.mark.parametrize("what", ["question withdrawn", "answer redacted", "room deleted"])
def test_a_tape_goes_with_the_words_it_led_to(
    den: Room, ada: User, mod: User, seat: Seat, scripted: Scripted, what: str
) -> None:
    kept, gone = ask(den, ada, "@echo stay?"), ask(den, ada, "@echo go?")
    match what:
        case "question withdrawn":
            withdraw_message(message=gone, by=ada)
        case "answer redacted":
            redact_message(message=answer_to(gone), by=mod)
        case _:
            delete_room(room=den, by=ada)
    left = list(Tape.objects.values_list("step__task__trigger_message", flat=True))
    assert left == ([] if what == "room deleted" else [kept.pk])


def test_what_steps_were_given_and_said_goes_with_the_answer(
    den: Room, ada: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(tools=["calculator"])
    scripted.calls("calculator", expression="4242").finishes("tool_calls")
    scripted.says("Yes.")
    question = ask(den, ada, "@echo?")
    assert any("4242" in str(step.input) for step in Step.objects.all())
    redact_message(message=answer_to(question), by=mod)
    assert all((step.input, step.output, step.title) == ({}, {}, "") for step in Step.objects.all())


def test_old_tapes_are_tidied_away(den: Room, ada: User, seat: Seat, settings: Any) -> None:
    ask(den, ada, "@echo?")
    assert housekeeping.tidy()["tapes"] == 0
    Tape.objects.update(created_at=timezone.now() - timedelta(days=settings.TAPE_DAYS + 1))
    assert housekeeping.tidy()["tapes"] == 1


def test_a_tape_has_hashes_of_what_was_asked_and_none_of_its_words(den: Room, ada: User, seat: Seat) -> None:
    question = ask(den, ada, "@echo?")
    (tape,) = Tape.objects.filter(step__task__trigger_message=question)
    assert tape.number == 1
    assert tape.parts[-1]["finish"] == "stop"
    assert "@echo" not in str(tape.request)
    assert set(tape.request) == {"model", "prompt", "parameters", "tools", "may_call"}
