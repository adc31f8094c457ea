"""A tool has read a message, and it is taken back before the run is over: an approval may be waited for that long."""

from __future__ import annotations

import pytest

from agents import services
from agents.llm.scripted import Scripted
from agents.models import Agent, Approval, Seat
from rooms.models import Message, Room, User
from rooms.services.messages import redact_message, withdraw_message
from tests.plugins.rest import Asking, Caller

from ..asking import answer_to, ask, run_for, say
from .test_approvals import run_all

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "the canary sings"


@pytest.fixture
def question(den: Room, ada: User, bob: User, armed: Seat, scripted: Scripted) -> Message:
    """echo has read what bob said, and now waits for ada to approve something else."""
    mine = say(den, ada, "never mind")
    say(den, bob, WORDS)
    scripted.calls("read_messages", limit=3).finishes("tool_calls")
    scripted.calls("withdraw_messages", numbers=[mine.seq]).finishes("tool_calls")
    scripted.says("Done.")
    return ask(den, ada, "@echo?")


def read_by_tool() -> Message:
    return Message.objects.get(body=WORDS)


def seen_inside(who: User, question: Message, asking: Asking) -> str:
    """All that the doors to the inside of an answer tell somebody."""
    run, answer = run_for(question), answer_to(question)
    told = [asking(who).get(path) for path in (f"runs/{run.pk}/", f"messages/{answer.pk}/provenance/")]
    paths = (f"/runs/{run.pk}/", f"/messages/{answer.pk}/why/", f"/rooms/den/uses/?run={run.pk}")
    pages = [Caller(session_of=who).get(path) for path in paths]
    assert all(one.status == 200 for one in (*told, *pages))
    return " ".join(one.response.content.decode() for one in (*told, *pages))


def results_told(who: User, question: Message, asking: Asking) -> str:
    steps = asking(who).get(f"runs/{run_for(question).pk}/")["steps"]
    return str([step["tool"]["result"] for step in steps if step["tool"]])


def test_its_words_are_shown_to_nobody_from_that_moment(
    question: Message, ada: User, bob: User, mod: User, asking: Asking
) -> None:
    assert WORDS in results_told(bob, question, asking)
    redact_message(message=read_by_tool(), by=mod)
    for reader in (ada, bob, mod):
        assert WORDS not in results_told(reader, question, asking)
        assert WORDS not in seen_inside(reader, question, asking)


def test_of_the_prompt_in_which_they_stood_the_hash_is_told_no_more(
    den: Room, ada: User, bob: User, mod: User, armed: Seat, scripted: Scripted, asking: Asking
) -> None:
    """A tool has told them; they are not among the messages of the prompt itself."""
    say(den, bob, WORDS)
    say(den, bob, "and much else")
    Agent.objects.filter(pk=armed.agent_id).update(context_messages=1)
    scripted.calls("search_room", words="canary").finishes("tool_calls")
    scripted.says("It sings.")
    run = run_for(ask(den, ada, "@echo who sings?"))
    assert WORDS in str(scripted.requests[-1].turns)

    def hashes() -> list[bool]:
        steps = asking(bob).get(f"runs/{run.pk}/")["steps"]
        return [one["prompt_sha256"] is not None for one in steps if one["kind"] == "complete"]

    assert hashes() == [True, True]
    redact_message(message=read_by_tool(), by=mod)
    assert hashes() == [True, False]


def test_the_model_is_not_told_them_either(question: Message, ada: User, bob: User, scripted: Scripted) -> None:
    assert WORDS in str(scripted.requests[-1].turns)
    withdraw_message(message=read_by_tool(), by=bob)
    services.decide_approval(approval=Approval.objects.get(), by=ada, approve=True)
    run_all(question)
    assert answer_to(question).body == "Done."
    assert WORDS not in str(scripted.requests[-1].turns)
    assert "was taken back" in str(scripted.requests[-1].turns)


def test_what_is_held_for_moderators_meanwhile_is_not_told_the_model(
    question: Message, ada: User, scripted: Scripted
) -> None:
    Message.objects.filter(pk=read_by_tool().pk).update(state="held")
    services.decide_approval(approval=Approval.objects.get(), by=ada, approve=True)
    run_all(question)
    assert WORDS not in str(scripted.requests[-1].turns)


def test_what_an_agent_wants_to_do_for_a_question_is_not_shown_when_that_is_taken_back(
    question: Message, ada: User, bob: User, asking: Asking
) -> None:
    """From that moment on, and not only when a worker has emptied it."""
    assert "numbers" in asking(bob).get("rooms/den/approvals/")["results"][0]["arguments"]
    withdraw_message(message=question, by=ada)
    assert [one["arguments"] for one in asking(bob).get("rooms/den/approvals/")["results"]] == [""]
