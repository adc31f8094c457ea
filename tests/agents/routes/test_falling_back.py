"""When a place breaks, the next one answers: before the first word from the beginning, afterwards from where people
stopped reading."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Account, Agent, Breaker, Deployment, Hold, Reason, Route, Seat, Step, Usage
from rooms.models import Event, Room, User
from tests.upstream.resuming import STORY
from tests.upstream.server import Upstream

from ..asking import answer_to, ask, run_for, say
from .conftest import KEY, Deploy

pytestmark = pytest.mark.django_db(transaction=True)


def made(room: Room) -> list[tuple[str, str]]:
    """What was tried for the last answer."""
    step = Step.objects.filter(task__room=room).latest("id")
    return [(call["deployment"], call["result"]) for call in step.output["calls"]]


@pytest.fixture(params=["direct", "litellm"])
def lane(request: pytest.FixtureRequest) -> str:
    return str(request.param)


BEFORE = ["429", "500", "503", "401", "400", "unknown-model", "html", "empty", "nothing", "reset-at-once", "hang"]


@pytest.mark.parametrize("fault", BEFORE)
def test_what_breaks_before_a_word_is_answered_by_the_next(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, fault: str, lane: str
) -> None:
    Agent.objects.update(first_token_seconds=2.5 if fault == "hang" else 20)
    deploy(fault, lane=lane)
    deploy("fine-n3", lane=lane, prompt_price=1, completion_price=100)
    answer = answer_to(ask(den, ada, "@echo?"))
    assert (answer.state, answer.body) == ("visible", "word1 word2 word3 ")
    assert [result for _, result in made(den)][-1] == "answered"
    assert [name for name, _ in made(den)] == ["fast/d1", "fast/d2"]
    usage = Usage.objects.get()
    assert usage.model == "openai/fine-n3"
    assert usage.cost_micros >= 300  # by its own price, not by a list
    assert [call.headers["authorization"] for call in upstream.calls] == [f"Bearer {KEY}"] * 2


def after_a_long_conversation(room: Room, by: User) -> None:
    """One that costs more to be told than a short answer."""
    for number in range(8):
        say(room, by, f"{number} " + "It was a long day, and there was much to tell of it. " * 20)
    Agent.objects.update(max_reply_tokens=100)


OFFSETS = [1, 5, 9, 17, 18, 40, 41, 42, 43, 57, 61, 77, 95]
AFTER = ["story", "continues", "obeys"]


@pytest.mark.parametrize("way", AFTER)
@pytest.mark.parametrize("offset", OFFSETS)
def test_wherever_it_is_cut_the_next_goes_on_and_nothing_is_shown_twice(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, offset: int, way: str, pieces: list[Any]
) -> None:
    deploy(f"snap-n{offset}")
    deploy(way, continues="assistant" if way == "continues" else "")
    answer = answer_to(ask(den, ada, "@echo tell me?"))
    assert (answer.state, answer.body) == ("visible", STORY)
    assert "".join(text for _, text in pieces) == answer.body
    assert [at for at, _ in pieces] == [sum(len(text) for _, text in pieces[:n]) for n in range(len(pieces))]


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """What left for the room's readers, piece by piece, with its offset."""
    sent: list[tuple[int, str]] = []

    async def send(message: Any, offset: int, text: str) -> None:
        sent.append((offset, text))

    monkeypatch.setattr("rooms.live.streams.send_text", send)
    return sent


@pytest.mark.parametrize("continues", ["assistant", "prefix", "vllm"])
@pytest.mark.parametrize("lane", ["auto", "litellm"])
def test_a_provider_that_continues_is_given_what_was_said(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, continues: str, lane: str
) -> None:
    deploy("snap-n21")
    deploy("continues", continues=continues, lane=lane)
    assert answer_to(ask(den, ada, "@echo?")).body == STORY
    body = upstream.calls[-1].body
    assert body["messages"][-1]["content"] == STORY[:21].rstrip()
    assert body["messages"][-1]["role"] == "assistant"
    assert body["messages"][-1].get("prefix", False) is (continues == "prefix")
    assert body.get("continue_final_message", False) is (continues == "vllm")


@pytest.mark.parametrize("model", ["wanders", "slips"])
def test_whoever_says_something_else_is_not_shown_and_the_answer_says_that_it_broke(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, model: str
) -> None:
    deploy("snap-n30")
    deploy(model)
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    assert (answer.state, answer.body) == ("interrupted", STORY[:30])
    assert run_for(question).reason == Reason.TRUNCATED
    assert not Breaker.objects.filter(name="fast/d2", failures__gt=0).exists()
    assert made(den) == [("fast/d1", "truncated"), ("fast/d2", "truncated")]


def test_a_third_goes_on_where_the_second_broke_too(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    Agent.objects.update(idle_seconds=2.5)
    deploy("snap-n30")
    deploy("wanders")
    deploy("stall-n1")
    deploy("obeys")
    assert answer_to(ask(den, ada, "@echo?")).body == STORY
    assert [result for _, result in made(den)] == ["truncated", "truncated", "truncated", "answered"]


def test_what_all_calls_took_is_charged_once_together(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("snap-n60", prompt_price=0, completion_price=1_000)
    deploy("obeys", prompt_price=0, completion_price=1)
    ask(den, ada, "@echo?")
    usage = Usage.objects.get()
    assert usage.model == "openai/obeys"
    assert 15_000 <= usage.cost_micros < 16_000
    assert usage.estimated


@pytest.mark.parametrize("fault", ["500", "429", "401", "reset-at-once"])
def test_a_call_that_took_nothing_leaves_all_the_money_for_the_next(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, fault: str
) -> None:
    after_a_long_conversation(den, ada)
    deploy(fault, prompt_price=1, completion_price=2)
    deploy(fault, prompt_price=1, completion_price=2)
    deploy("fine-n3", prompt_price=1, completion_price=2)
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 word2 word3 "


@pytest.mark.parametrize("offset", [21, 77])
def test_what_breaks_in_mid_sentence_after_a_long_conversation_goes_on_elsewhere(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, offset: int
) -> None:
    after_a_long_conversation(den, ada)
    deploy(f"snap-n{offset}", prompt_price=1, completion_price=2)
    deploy("obeys", prompt_price=1, completion_price=2)
    assert answer_to(ask(den, ada, "@echo?")).body == STORY
    hold = Hold.objects.get()
    assert hold.micros >= hold.spent_micros == Usage.objects.get().cost_micros


def test_who_has_money_for_one_call_alone_is_answered_by_one(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    after_a_long_conversation(den, ada)
    deploy("snap-n21", prompt_price=1, completion_price=2)
    deploy("obeys", prompt_price=1, completion_price=2)
    mine = Account.objects.create(scope="person", key=str(ada.pk), period="day", limit_micros=4_500)
    assert answer_to(ask(den, ada, "@echo?")).body == STORY[:21]
    assert [call.model for call in upstream.calls] == ["snap-n21"]
    mine.refresh_from_db()
    assert 0 < mine.spent_micros <= 4_500


def test_an_agent_without_a_route_ends_where_its_model_breaks(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, settings: Any
) -> None:
    settings.LLM_API_BASE, settings.LLM_MODEL = upstream.base, "openai/x"
    Agent.objects.update(route=None, model="openai/snap-n30")
    answer = answer_to(ask(den, ada, "@echo?"))
    assert (answer.state, answer.body) == ("interrupted", STORY[:30])
    assert made(den) == [("", "truncated")]


def test_an_open_breaker_is_passed_over_and_has_the_deployments_name(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, settings: Any
) -> None:
    settings.BREAKER_FAILURES = 1
    deploy("500")
    deploy("fine-n1")
    ask(den, ada, "@echo?")
    assert Breaker.objects.get(name="fast/d1").state == "open"
    ask(den, ada, "@echo?")
    assert made(den) == [("fast/d1", "resting"), ("fast/d2", "answered")]
    assert [call.model for call in upstream.calls] == ["500", "fine-n1", "fine-n1"]


def test_when_all_are_down_they_are_called_three_times_and_the_room_is_told(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("500")
    deploy("503")
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.DOWN
    assert [call.model for call in upstream.calls].count("500") == 3


def test_a_route_without_a_place_says_whom_to_ask(den: Room, ada: User, seat: Seat, fast: Route) -> None:
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.REFUSED
    assert "administrator" in answer_to(question).notice


def test_an_agent_may_want_only_places_with_a_tag(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    deploy("fine-n1")
    deploy("fine-n2", tags=["eu", "cheap"])
    Agent.objects.update(route_tags=["eu"])
    assert answer_to(ask(den, ada, "@echo?")).body == "word1 word2 "


def test_no_key_is_in_what_is_kept_of_a_run(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, caplog: pytest.LogCaptureFixture
) -> None:
    deploy("401")
    deploy("key-in-stream")
    question = ask(den, ada, "@echo?")
    rows: list[Any] = [run_for(question), answer_to(question), *Step.objects.all(), *Usage.objects.all()]
    rows += [*Event.objects.all(), *Breaker.objects.all(), *(one.health for one in Deployment.objects.all())]
    kept = "".join(str(vars(row)) for row in rows)
    assert KEY not in kept + caplog.text
    assert "[key]" in Deployment.objects.get(name="d1").health.last_words
