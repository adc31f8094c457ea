"""What tools did, folded beneath an answer, for whoever may read it."""

from __future__ import annotations

import html
from typing import Any

import pytest

from agents.llm.scripted import Scripted
from agents.models import Agent, Approval, Seat, Step
from rooms.models import Message, Room, User
from rooms.services.messages import redact_message
from tests.plugins.rest import Asking, Caller

from ..asking import answer_to, ask, run_for, say

pytestmark = pytest.mark.django_db(transaction=True)


def seen_by(user: User, question: Message) -> str:
    """The panel as the page of a room fetches it."""
    answer = Caller(session_of=user).get(f"/rooms/den/uses/?run={run_for(question).pk}")
    assert answer.status == 200
    return html.unescape(answer.response.content.decode())


@pytest.fixture(autouse=True)
def door(asking: Asking) -> Asking:
    return asking


def test_an_answer_shows_which_tools_it_used_and_what_they_said(
    den: Room, ada: User, bob: User, armed: Seat, scripted: Scripted
) -> None:
    scripted.calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("42")
    panel = seen_by(bob, ask(den, ada, "@echo?"))
    assert "Used 1 tool: calculator" in panel
    assert '"expression": "6*7"' in panel
    assert "42</pre>" in panel


def test_messages_that_were_read_are_named_for_those_who_may_read_them(
    den: Room, ada: User, bob: User, mod: User, armed: Seat, scripted: Scripted
) -> None:
    said = say(den, bob, "canary one")
    hidden = say(den, bob, "canary two")
    scripted.calls("search_room", words="canary").finishes("tool_calls")
    scripted.says("Twice.")
    question = ask(den, ada, "@echo?")
    Message.objects.filter(pk=hidden.pk).update(visible_to=[bob.pk, mod.pk])
    panel = seen_by(ada, question)
    assert "Read 2 messages" in panel
    assert str(said.pk) in panel
    assert "1 source you cannot see" in panel
    assert str(hidden.pk) not in panel
    assert "canary one" not in panel
    assert "you cannot see" not in seen_by(mod, question)


def test_who_may_not_read_the_answer_sees_nothing_of_its_tools(
    den: Room, ada: User, bob: User, eve: User, armed: Seat, scripted: Scripted
) -> None:
    scripted.calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("42")
    question = ask(den, ada, "@echo?", visible_to=["ada", "echo"])
    assert "calculator" in seen_by(ada, question)
    assert "calculator" not in seen_by(bob, question)
    assert Caller(session_of=eve).get(f"/rooms/den/uses/?run={run_for(question).pk}").status == 404


def test_what_tools_said_is_gone_with_the_answer(
    den: Room, ada: User, mod: User, armed: Seat, scripted: Scripted
) -> None:
    scripted.calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("42")
    question = ask(den, ada, "@echo?")
    redact_message(message=answer_to(question), by=mod)
    assert "calculator" not in seen_by(ada, question)


def test_what_was_done_for_a_question_is_not_shown_from_the_moment_it_is_taken_back(
    den: Room, ada: User, bob: User, armed: Seat, scripted: Scripted, asking: Asking
) -> None:
    """Not only when a worker has emptied it: that may take a while."""
    scripted.thinks("Six and seven are her canaries.").calls("calculator", expression="6*7000").finishes("tool_calls")
    scripted.says("That is all.")
    question = ask(den, ada, "@echo?")
    run = f"runs/{run_for(question).pk}/"
    for words in ("6*7000", "42000", "canaries"):
        assert words in str(asking(bob).get(run).json)
        assert words in page_of(bob, run) or words == "42000"
    redact_message(message=question, by=ada)
    for words in ("6*7000", "42000", "canaries"):
        assert words not in str(asking(bob).get(run).json)
        assert words not in page_of(bob, run)


def page_of(who: User, run: str) -> str:
    return Caller(session_of=who).get(f"/{run}").response.content.decode()


def test_what_a_model_wrote_is_text_on_the_page(den: Room, ada: User, armed: Seat, scripted: Scripted) -> None:
    scripted.calls("calculator", expression="</pre><script>alert(1)</script>").finishes("tool_calls")
    scripted.next_reply()._add(call={"name": "<img src=x>", "arguments": "<b>\u202e"}).finishes("tool_calls")
    scripted.says("Well.")
    question = ask(den, ada, "@echo?")
    raw = Caller(session_of=ada).get(f"/rooms/den/uses/?run={run_for(question).pk}").response.content.decode()
    assert "<script" not in raw
    assert "<img" not in raw
    assert "<b>" not in raw
    assert "\u202e" not in raw


def test_the_card_has_buttons_for_those_who_decide_and_for_no_one_else(
    den: Room, ada: User, bob: User, mod: User, gus: User, armed: Seat, scripted: Scripted
) -> None:
    said = say(den, bob, "canary")
    scripted.calls("withdraw_messages", numbers=[said.seq]).finishes("tool_calls")
    question = ask(den, bob, "@echo take it back")
    for who in (bob, mod, ada):
        panel = seen_by(who, question)
        assert "wants to use <code>withdraw_messages</code> for @bob" in panel
        assert str(said.seq) in panel
        assert 'value="approve"' in panel
    assert "or a moderator decides" in seen_by(gus, question)
    assert 'value="approve"' not in seen_by(gus, question)
    decide(bob, "deny")
    panel = seen_by(gus, question)
    assert "denied by @bob" in panel
    assert "wants to use" not in panel


def decide(who: User, decision: str) -> Any:
    """By the form of a page without scripts."""
    caller = Caller(session_of=who)
    caller.client.cookies["csrftoken"] = "a" * 32
    return caller(
        "POST",
        f"/approvals/{Approval.objects.get().pk}/",
        raw=f"decision={decision}".encode(),
        content_type="application/x-www-form-urlencoded",
        headers={"x-csrftoken": "a" * 32},
    )


def test_the_page_refuses_what_is_no_decision_and_shows_that_it_is_too_late(
    den: Room, bob: User, mod: User, armed: Seat, scripted: Scripted
) -> None:
    said = say(den, bob, "canary")
    scripted.calls("withdraw_messages", numbers=[said.seq]).finishes("tool_calls")
    ask(den, bob, "@echo take it back")
    assert decide(bob, "perhaps").status == 400
    assert decide(bob, "approve").status == 302
    assert decide(mod, "deny").status == 302
    assert Approval.objects.get().state == "approved"
    assert not Step.objects.get(kind="tool").held


@pytest.mark.parametrize("asked", ["", "?run=", "?run=x", "?run=" + "a" * 2000])
def test_only_ids_of_runs_are_asked_for(den: Room, ada: User, asked: str) -> None:
    assert Caller(session_of=ada).get(f"/rooms/den/uses/{asked}").status == (400 if asked else 200)


def test_everybody_who_may_read_it_hears_of_a_tool_at_work(
    den: Room, ada: User, armed: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.tools import telling

    sent: list[Any] = []
    monkeypatch.setattr(telling, "publish", sent.extend)
    Agent.objects.filter(pk=armed.agent_id).update(tools=["calculator"])
    scripted.calls("calculator", expression="1").finishes("tool_calls")
    scripted.says("1")
    question = ask(den, ada, "@echo?", visible_to=["ada", "echo"])
    frames = [frame for frame in sent if frame.type == "tool"]
    assert [('"began"' in frame.text, '"ended"' in frame.text) for frame in frames] == [(True, False), (False, True)]
    assert all(frame.visible_to == tuple(answer_to(question).visible_to or ()) for frame in frames)
