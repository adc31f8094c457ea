"""What agents are doing, told as it happens and found by who comes later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest
from django.db.models.functions import Now
from django.test import Client

from agents.llm.port import LLMError
from agents.llm.scripted import Scripted
from agents.models import Conduct, Reason, Seat, Status, Step, Task
from agents.outcomes import SENTENCES, Outcome, broken
from agents.runs import status
from agents.runs.claims import claim
from agents.runs.endings import end_task
from agents.runs.laying import begin
from agents.runs.status import FAILURES, Doing, tell_status
from agents.runs.statuses import WORDS, standings
from rooms.live.frames import Frame
from rooms.models import Message, Room, User
from tests.plugins.rest import Asking
from tests.waiting import until

from .asking import ask, run_for
from .test_line import asked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """The passing frames on status, as they go out."""
    found: list[Frame] = []
    real = status.publish

    def publish(frames: Sequence[Frame]) -> None:
        found.extend(frame for frame in frames if frame.type == "status")
        real(frames)

    monkeypatch.setattr(status, "publish", publish)
    return found


def doings(told: list[Frame]) -> list[tuple[str, str]]:
    facts = [orjson.loads(frame.text)["data"] for frame in told]
    return [(fact["status"], fact["detail"]) for fact in facts]


def status_of(asking: Asking, user: User, agent: str = "echo") -> tuple[str, str]:
    seats = asking(user).get("rooms/den/agents/")["results"]
    return next((seat["status"], seat["status_detail"]) for seat in seats if seat["agent"]["username"] == agent)


def test_an_answer_is_told_from_reading_to_its_end(
    den: Room, ada: User, seat: Seat, scripted: Scripted, told: list[Frame]
) -> None:
    scripted.says("Hello", " Ada")
    ask(den, ada, "@echo?")
    until(lambda: len(told) == 4)
    assert doings(told) == [("reading", ""), ("thinking", ""), ("writing", ""), ("idle", "")]
    assert orjson.loads(told[0].text) == {
        "type": "status",
        "room": "den",
        "data": {"agent": "echo", "status": "reading", "detail": ""},
    }


def test_a_tool_is_told_by_its_name(den: Room, ada: User, seat: Seat, scripted: Scripted, told: list[Frame]) -> None:
    seat.agent.tools = ["calculator"]
    seat.agent.save()
    scripted.calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("42")
    ask(den, ada, "@echo?")
    until(lambda: ("idle", "") in doings(told))
    assert ("using_tool", "calculator") in doings(told)


def test_what_a_whisper_makes_an_agent_do_is_told_to_its_readers_alone(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, told: list[Frame]
) -> None:
    ask(den, ada, "@echo?", visible_to=["ada", "echo"])
    until(lambda: len(told) == 4)
    assert {frame.visible_to for frame in told} == {tuple(sorted([ada.pk, seat.agent.user_id]))}


def test_a_failure_is_told_and_found_until_an_answer_succeeds(
    asking: Asking, den: Room, ada: User, seat: Seat, scripted: Scripted, told: list[Frame]
) -> None:
    scripted.fails("refused")
    ask(den, ada, "@echo?")
    until(lambda: doings(told)[-1:] == [("failing", "")])
    assert status_of(asking, ada) == ("failing", "")
    scripted.says("Here.")
    ask(den, ada, "@echo?")
    assert status_of(asking, ada) == ("idle", "")


def test_who_comes_later_finds_each_status(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, django_assert_num_queries: Any
) -> None:
    assert status_of(asking, bob) == ("idle", "")
    question = asked(den, ada, "@echo?")
    assert status_of(asking, bob) == ("reading", "")
    assert claim(Step.objects.get().pk)
    assert status_of(asking, bob) == ("thinking", "")
    run = run_for(question)
    message = begin(run)
    Message.objects.filter(pk=message.pk).update(body="So")
    assert status_of(asking, bob) == ("writing", "")
    Step.objects.update(kind="tool", tool="calculator")
    assert status_of(asking, bob) == ("using_tool", "calculator")
    Step.objects.update(status="waiting", held=True, lease_until=None)
    assert status_of(asking, bob) == ("waiting_for_approval", "calculator")
    Conduct.objects.create(room=den, paused_at=Now(), paused_by=ada, pause_reason="Too loud.")
    assert status_of(asking, bob) == ("paused", "by @ada: Too loud.")
    with django_assert_num_queries(3):  # besides its prepared statement, which is not counted: agents, flags, breakers
        assert standings(den, bob)[seat.pk].words == "paused by @ada: Too loud."


def test_who_may_not_read_a_whisper_finds_its_agent_idle(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    asked(den, ada, "@echo?", visible_to=["ada", "echo"])
    assert claim(Step.objects.get().pk)
    assert status_of(asking, ada) == ("thinking", "")
    assert status_of(asking, bob) == status_of(asking, mod) == ("idle", "")


def test_telling_costs_no_query_and_an_unknown_status_is_a_fault(
    den: Room, ada: User, seat: Seat, scripted: Scripted, django_assert_num_queries: Any
) -> None:
    ask(den, ada, "@echo?")
    task = Task.objects.select_related("room", "agent__user", "trigger_message").get()
    with django_assert_num_queries(0):
        tell_status(task, "waiting_for_approval", "fetch_url")
    with pytest.raises(ValueError, match="dozing"):
        tell_status(task, "dozing")


def test_every_status_has_words() -> None:
    assert set(WORDS) == set(Doing)


# --- how runs end

OF_THE_MODEL = {"busy", "down", "refused", "timeout", "protocol", "truncated", "empty"}
WITHOUT_WORDS = {"answered", "silent"}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_end_has_a_word_and_a_sentence_that_people_are_shown(
    asking: Asking, den: Room, ada: User, seat: Seat, scripted: Scripted, client: Client, reason: Reason
) -> None:
    question = asked(den, ada, "@echo?")
    run = run_for(question)
    ending = broken(LLMError(cast(Any, reason.value)), "", None) if reason in OF_THE_MODEL else Outcome(reason)
    assert end_task(run, ending)
    run = run_for(question)
    assert asking(ada).get(f"runs/{run.pk}/")["reason"] == reason.value
    assert run.notice or reason in WITHOUT_WORDS
    assert run.status == (Status.CANCELLED if reason == Reason.CANCELLED else run.status)
    if run.reply is not None and reason != Reason.ANSWERED:
        assert run.reply.notice == run.notice
        client.force_login(ada, "django.contrib.auth.backends.ModelBackend")
        shown = client.get(f"/messages/{run.reply.pk}/why/").content.decode()
        assert reason.label in shown.replace("&#x27;", "'")


def test_each_failure_is_a_reason_with_words_of_its_own() -> None:
    assert set(Reason) >= FAILURES
    assert len({sentence for sentence in SENTENCES.values() if sentence}) == sum(bool(s) for s in SENTENCES.values())
