"""What a question would cost is told before it is asked, and no model is called for that."""

from __future__ import annotations

import pytest

from agents.llm.scripted import Scripted
from agents.models import Agent, Conduct, Hold, Seat
from rooms.models import Room, User
from tests.plugins.rest import Asking

from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = {"prompt": 1, "completion": 100}


@pytest.fixture(autouse=True)
def _prices(seat: Seat, second: Seat) -> None:
    Agent.objects.update(parameters={"price": PRICE}, max_reply_tokens=200)


def test_a_question_to_one_is_a_call_and_to_several_as_many_as_they_work_together(
    den: Room, ada: User, eve: User, scripted: Scripted, asking: Asking
) -> None:
    door = asking(ada)
    one = door.post("rooms/den/estimate/", {"body": "@echo what is it?"})
    assert (one.status, one["calls"], [share["agent"] for share in one["agents"]]) == (200, 1, ["echo"])
    assert 100 * 100 <= one["micros"] < one["most_micros"]
    assert one["sentence"].startswith("This takes 1 call of models and some ")
    assert "about $0.01" in one["sentence"]
    both = door.post("rooms/den/estimate/", {"body": "what?", "agents": ["echo", "nod"], "coordination": "parallel"})
    assert (both["calls"], both["coordination"]) == (3, "parallel")
    Conduct.objects.create(room=den, rounds=3, coordination="collaborative")
    rounds = door.post("rooms/den/estimate/", {"body": "@echo @nod?"})
    assert (rounds["calls"], rounds["coordination"]) == (7, "collaborative")
    assert rounds["micros"] > both["micros"] > one["micros"]
    assert not scripted.requests
    assert not Hold.objects.exists()
    assert asking(eve).post("rooms/den/estimate/", {"body": "@echo?"}).status == 404


def test_what_a_lead_does_is_counted_also_where_it_was_not_asked(den: Room, ada: User, asking: Asking) -> None:
    Conduct.objects.create(room=den, lead=another_agent(den, ada, "hum").agent)
    wish = {"body": "@echo @nod what?", "coordination": "parallel"}
    plain = asking(ada).post("rooms/den/estimate/", wish)
    assert {share["agent"]: share["calls"] for share in plain["agents"]} == {"echo": 1, "nod": 1, "hum": 1}
    reviewed = asking(ada).post("rooms/den/estimate/", wish | {"reviewed": True})
    assert {share["agent"]: share["calls"] for share in reviewed["agents"]} == {"echo": 1, "nod": 1, "hum": 3}
    planned = asking(ada).post("rooms/den/estimate/", wish | {"coordination": "hierarchical"})
    assert {share["agent"]: share["calls"] for share in planned["agents"]} == {"echo": 1, "nod": 1, "hum": 2}


def test_one_that_a_router_would_choose_is_all_that_is_counted(den: Room, ada: User, asking: Asking) -> None:
    wish = {"body": "@echo what time is it?", "agents": ["nod", "echo"], "coordination": "auto"}
    one = asking(ada).post("rooms/den/estimate/", wish)
    assert [share["agent"] for share in one["agents"]] == ["echo"]
    assert (one["calls"], one["coordination"]) == (1, "separate")


def test_nobody_who_would_answer_costs_nothing_and_strangers_are_unknown(den: Room, ada: User, asking: Asking) -> None:
    door = asking(ada)
    nobody = door.post("rooms/den/estimate/", {"body": "just talking"})
    assert (nobody["calls"], nobody["micros"], nobody["sentence"]) == (0, 0, "No agent would answer this.")
    strange = door.post("rooms/den/estimate/", {"body": "?", "agents": ["stranger"]})
    assert (strange.status, strange["fields"]) == (400, {"agents": ["stranger is no agent of this room."]})
    assert door.post("rooms/den/estimate/", {"body": "?", "coordination": "anarchy"}).status == 400


def test_a_model_without_a_price_says_so(den: Room, ada: User, asking: Asking) -> None:
    Agent.objects.update(parameters={})
    free = asking(ada).post("rooms/den/estimate/", {"body": "@echo?"})
    assert (free["micros"], free["most_micros"]) == (0, 0)
    assert free["sentence"].endswith("and no money as far as we know.")
