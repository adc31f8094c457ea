"""An agent that speaks only if that is useful: its silence is an answer, counted and unseen."""

from __future__ import annotations

from typing import Any

import pytest

from agents.inside.provenance import provenance_of
from agents.llm.scripted import Scripted
from agents.models import Reason, Seat, Status, Usage
from agents.speaking.hush import Hush
from rooms.models import Event, Message, Room, User

from .asking import answer_to, ask, run_for
from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def expert(den: Room, ada: User) -> Seat:
    return another_agent(den, ada, "expert", trigger="useful")


def seen_of(room: Room) -> list[str]:
    """The events that tell of agents' messages."""
    return list(Event.objects.filter(room=room, message__author__kind="agent").values_list("type", flat=True))


@pytest.mark.parametrize(
    "pieces", [["[silent]"], ["[", "sil", "ent", "]"], ["`[Silent]`"], ["[silent] no need"], ["  "]]
)
def test_silence_leaves_no_trace_in_the_room_and_is_counted(
    den: Room, ada: User, expert: Seat, scripted: Scripted, pieces: list[str]
) -> None:
    scripted.says(*pieces)
    question = ask(den, ada, "good morning all")
    run = run_for(question)
    assert (run.status, run.reason, run.reply, run.notice) == (Status.DONE, Reason.SILENT, None, "")
    assert not Message.objects.filter(author__kind="agent").exists()
    assert seen_of(den) == []
    assert Usage.objects.get().prompt_tokens > 0


@pytest.mark.parametrize("pieces", [["The door ", "is open."], ["[", "sic] it says"], ["[silence is golden]"], ["`x`"]])
def test_something_useful_is_said_whole(
    den: Room, ada: User, expert: Seat, scripted: Scripted, pieces: list[str]
) -> None:
    scripted.says(*pieces)
    answer = answer_to(ask(den, ada, "is the door open?"))
    assert (answer.body, answer.state) == ("".join(pieces), "visible")
    assert seen_of(den) == ["message.started", "message.finished"]


def test_who_speaks_only_if_useful_is_told_so_and_whoever_is_named_is_not(
    den: Room, ada: User, expert: Seat, scripted: Scripted
) -> None:
    ask(den, ada, "anybody?")
    ask(den, ada, "@expert, you?")
    unasked, asked = [request.turns[0].content for request in scripted.requests]
    assert "exactly [silent]" in unasked
    assert "[silent]" not in asked


def test_an_agent_that_is_named_does_not_stay_silent(den: Room, ada: User, expert: Seat, scripted: Scripted) -> None:
    scripted.says("[silent]")
    assert answer_to(ask(den, ada, "@expert?")).body == "[silent]"


def test_a_failure_of_somebody_who_might_have_been_silent_is_not_shown_in_the_room(
    den: Room, ada: User, expert: Seat, scripted: Scripted
) -> None:
    scripted.fails("refused")
    run = run_for(ask(den, ada, "good morning"))
    assert (run.reason, run.reply) == (Reason.REFUSED, None)
    assert seen_of(den) == []


def test_what_breaks_off_after_its_first_words_is_shown_as_ever(
    den: Room, ada: User, expert: Seat, scripted: Scripted
) -> None:
    scripted.says("The door").fails("down")
    answer = answer_to(ask(den, ada, "is the door open?"))
    assert (answer.body, answer.state) == ("The door", "interrupted")


def test_a_tool_may_be_used_before_saying_nothing(den: Room, ada: User, expert: Seat, scripted: Scripted) -> None:
    expert.agent.tools = ["calculator"]
    expert.agent.save()
    scripted.calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("[silent]")
    run = run_for(ask(den, ada, "six times seven is 42"))
    assert (run.reason, run.steps.count(), run.reply) == (Reason.SILENT, 3, None)
    assert seen_of(den) == []


def test_its_prompt_can_be_built_again(den: Room, ada: User, expert: Seat, scripted: Scripted) -> None:
    scripted.says("Yes.")
    answer = answer_to(ask(den, ada, "is the door open?"))
    assert provenance_of(answer, ada).reproducible


@pytest.mark.parametrize("text", ["[silent]", "plain words", "[sil", "", "  [silent]x"])
@pytest.mark.parametrize("cut", range(6))
def test_where_a_stream_is_cut_changes_nothing(text: str, cut: int) -> None:
    def through(*pieces: str) -> tuple[str, bool]:
        hush = Hush(allowed=True)
        said = "".join(hush.passed(piece) for piece in pieces) + hush.rest()
        return said, hush.is_silent

    assert through(text[:cut], text[cut:]) == through(text)


def test_without_leave_everything_passes_at_once() -> None:
    assert Hush().passed("[silent]") == "[silent]"


def test_of_fifty_agents_that_always_answer_one_does_and_another_the_next_time(
    den: Room, ada: User, scripted: Scripted, settings: Any
) -> None:
    for number in range(50):
        another_agent(den, ada, f"agent{number}", trigger="useful" if number % 2 else "always")
    speakers = [run_for(ask(den, ada, f"hello {number}")).agent.user.username for number in range(4)]
    assert len(set(speakers)) == 4
    assert len(scripted.requests) == 4


def test_who_is_named_answers_and_nobody_of_their_kind_besides(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    for name in ("one", "two", "three"):
        another_agent(den, ada, name, trigger="always")
    assert run_for(ask(den, ada, "@two?")).agent.user.username == "two"
    both = ask(den, ada, "@one and @three!")
    assert {task.agent.user.username for task in both.tasks.all()} == {"one", "three"}


def test_a_keyword_goes_before_always(den: Room, ada: User, scripted: Scripted) -> None:
    another_agent(den, ada, "chatty", trigger="always")
    another_agent(den, ada, "gardener", trigger="keyword", keywords=["rose", "oak tree"])
    assert run_for(ask(den, ada, "My ROSE is ill.")).agent.user.username == "gardener"
    assert run_for(ask(den, ada, "I arose early.")).agent.user.username == "chatty"
