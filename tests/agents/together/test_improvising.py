"""A house without a provider: agents that speak from a script work together sensibly too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.llm.scripted import Scripted
from agents.models import Agent, Conduct, Dispute, Seat, Status
from rooms.models import Room, User

from ..asking import answer_to, run_for, say
from .conftest import asked

pytestmark = pytest.mark.django_db(transaction=True)

WAYS = ["sequential", "parallel", "hierarchical", "collaborative"]


@pytest.mark.parametrize("way", WAYS)
def test_every_pattern_gives_an_answer_made_of_what_was_said(
    den: Room, ada: User, bob: User, three: list[Seat], scripted: Scripted, way: str
) -> None:
    say(den, bob, "The tea is in the blue tin behind the flour.")
    question = asked(den, ada, "where is the tea?", way)
    run, answer = run_for(question), answer_to(question)
    assert (run.status, answer.state) == (Status.DONE, "visible")
    assert "blue tin" in answer.body
    assert "{" not in answer.body
    said = [step.output["text"] for step in run.steps.filter(kind="consult")]
    assert said
    assert not any("```" in text for text in said)
    assert all(step.output["acts"] for step in run.steps.filter(kind="consult"))


def test_whoever_is_careful_doubts_and_it_is_decided_and_told(
    den: Room, ada: User, bob: User, three: list[Seat], scripted: Scripted, conduct: Callable[..., Conduct]
) -> None:
    Agent.objects.filter(user__username="wit").update(persona="A careful reviewer.")
    say(den, bob, "The tea is in the blue tin behind the flour.")
    question = asked(den, ada, "where is the tea?", "collaborative")
    found = Dispute.objects.get()
    assert found.chosen == "agree"
    assert {one["agent"]: one["stance"] for one in found.positions}["wit"] == "disagree"
    assert "Where we differed" in answer_to(question).body


def test_the_same_is_said_each_time(den: Room, ada: User, three: list[Seat], scripted: Scripted) -> None:
    from agents.llm.improvisation import improvise

    asked(den, ada, "where is the tea?", "parallel")
    for request in scripted.requests:
        assert improvise(request) == improvise(request)
