"""What agents did together once more, offline: every contribution, and the answer, to the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agents.llm.port import LLMError
from agents.models import Conduct, Seat, Step, Tape, Task
from agents.speaking import gates
from rooms.gates import ALLOW, Verdict, Weight
from rooms.models import Message, Room, User
from rooms.services.messages import redact_message, withdraw_message
from tests.waiting import until

from ..asking import answer_to, run_for
from ..test_replaying import Played
from .conftest import Cast, asked, calls, tail
from .test_disputes import disputed  # noqa: F401
from .test_patterns import PLAN
from .test_tools import armed  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

Set = Callable[..., Conduct]


def lines(played: Played) -> list[dict[str, Any]]:
    return [json.loads(line) for line in played.out.splitlines()]


def all_there_is() -> list[Any]:
    return [list(kind.objects.order_by("pk").values_list()) for kind in (Message, Step, Task, Tape)]


@pytest.mark.parametrize("way", ["sequential", "parallel", "collaborative", "hierarchical"])
def test_the_whole_of_it_is_played_to_the_same_bytes_without_effects(
    den: Room, ada: User, three: list[Seat], cast: Cast, conduct: Set, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    conduct(way, reviews=True)
    cast.says("echo", PLAN if way == "hierarchical" else "Mine.", '{"score": 2, "points": ["Say more."]}')
    cast.says("nod", "There is tea." + tail({"act": "share", "point": "there is tea"}))
    cast.says("wit", "There is none." + tail({"act": "disagree", "point": "there is tea", "to": "nod"}))
    question = asked(den, ada, "tea?", way)
    asked_by_then, before = len(cast.requests), all_there_is()
    first, second = (Played(capsys, run_for(question), "--steps") for _ in range(2))
    assert (first.code, first.err) == (0, "It is the same.\n")
    assert first.out == second.out
    assert (len(cast.requests), all_there_is()) == (asked_by_then, before)
    said = lines(first)
    assert said[-1] == {"answer": answer_to(question).body}
    steps = {str(step.pk): step for step in run_for(question).steps.all()}
    assert {one["step"] for one in said[:-1]} == set(steps)
    for one in said[:-2]:
        assert all(steps[one["step"]].output[name] == value for name, value in one["said"].items())


def test_decisions_and_tools_of_contributors_are_played_with_it(
    disputed: Message,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    played = Played(capsys, run_for(disputed), "--steps")
    assert (played.code, played.err) == (0, "It is the same.\n")
    assert [one["kind"] for one in lines(played)[:-1]] == ["consult"] * 3 + ["resolve", "complete"]


def test_a_contribution_with_tools_is_played_with_what_they_answered(
    den: Room,
    ada: User,
    armed: list[Seat],  # noqa: F811
    cast: Cast,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cast.says("nod", calls("calculator", "Let me see.", expression="6*7"), "It is 42.")
    Seat.objects.filter(agent__user__username="nod").update(tools_off=["search_room"])
    question = asked(den, ada, "how much?")
    played = Played(capsys, run_for(question), "--steps")
    assert (played.code, played.err) == (0, "It is the same.\n")
    assert "Let me see.\n\nIt is 42." in [one["said"]["text"] for one in lines(played)[:-2] if "text" in one["said"]]


def test_one_that_failed_fails_again_and_its_words_are_on_no_tape(
    den: Room, ada: User, three: list[Seat], cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    cast.says("nod", LLMError("refused"))
    question = asked(den, ada, "tea?")
    tape = Tape.objects.get(step__agent__user__username="nod")
    assert (tape.passed, tape.parts) == (True, ["", {"end": "refused"}])
    played = Played(capsys, run_for(question), "--steps")
    assert played.code == 0
    assert played.err.endswith("It is the same.\n")
    assert next(one for one in lines(played) if one.get("agent") == "nod")["end"]


def test_what_a_gate_found_in_a_contribution_is_on_no_tape(
    den: Room,
    ada: User,
    three: list[Seat],
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def masks(window: gates.Window) -> Verdict:
        if "secret" not in window.text:
            return ALLOW
        return Verdict(Weight.REDACT, rule="secret", body=window.text.replace("secret", "******"))

    monkeypatch.setattr(gates, "gates", lambda: (masks,))
    cast.says("nod", 'Listen.\n```json\n{"acts": [{"act": "share", "point": "the \\u0073ecret"}]}\n```')
    cast.says("wit", "The secret.")
    question = asked(den, ada, "tea?")
    kept = str(list(Tape.objects.values_list("parts", flat=True)))
    assert "secret" not in kept
    assert "0073ecret" not in kept
    played = Played(capsys, run_for(question), "--steps")
    assert played.code == 0
    assert played.err.endswith("It is the same.\n")
    assert "let through" in played.err


def test_who_contributed_what_is_no_more_is_told_of_when_it_differs(
    den: Room, ada: User, three: list[Seat], cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    question = asked(den, ada, "tea?")
    Tape.objects.filter(step__agent__user__username="nod").update(
        parts=["Else.", {"finish": "stop", "usage": [1, 1, 1, 0]}]
    )
    played = Played(capsys, run_for(question))
    assert "nod says something else in step" in played.err
    assert played.err.endswith("It is not what stands there.\n")


def test_without_the_tape_of_a_contribution_the_answer_is_played_and_that_is_said(
    den: Room, ada: User, three: list[Seat], cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    question = asked(den, ada, "tea?")
    Tape.objects.filter(step__agent__user__username="nod").delete()
    played = Played(capsys, run_for(question))
    assert (played.code, played.out) == (1, "Well.")
    assert "Nothing was recorded of step" in played.err


@pytest.mark.parametrize("which", ["question", "answer"])
def test_the_tapes_of_contributions_go_with_question_and_answer(
    den: Room, ada: User, mod: User, three: list[Seat], cast: Cast, which: str
) -> None:
    question = asked(den, ada, "tea?")
    assert Tape.objects.count() == 4
    if which == "question":
        withdraw_message(message=question, by=ada)
    else:
        redact_message(message=answer_to(question), by=mod)
    assert not Tape.objects.exists()


def test_what_comes_when_its_run_is_over_is_on_no_tape(den: Room, ada: User, three: list[Seat], cast: Cast) -> None:
    from agents.models import Reason
    from agents.outcomes import Outcome
    from agents.runs.endings import end_task

    def end() -> None:
        until(lambda: Task.objects.get().reply_id)  # what begins it has its locks still
        end_task(Task.objects.select_related("room", "agent__user", "reply__room").get(), Outcome(Reason.CANCELLED))

    cast.hears("nod", end)
    asked(den, ada, "tea?", "sequential", agents=["nod", "echo", "wit"])
    assert not Tape.objects.exists()
