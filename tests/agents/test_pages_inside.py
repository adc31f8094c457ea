"""The pages that show an answer from inside, without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Agent, Branch, Feedback, Seat, Step, Task
from agents.services import regenerate
from rooms.models import Event, Message, Room, User
from rooms.services.messages import redact_message
from tests.pages import words

from .asking import answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def page(user: User, path: str, status: int = 200) -> str:
    response = client_of(user).get(path)
    assert response.status_code == status, response
    return response.content.decode()


def calculation(den: Room, who: User, scripted: Scripted, **facts: Any) -> Task:
    Agent.objects.update(tools=["calculator"])
    scripted.says("Let me see.").calls("calculator", expression="6*7").finishes("tool_calls")
    scripted.says("It is 42.")
    return run_for(ask(den, who, "@echo six times seven?", **facts))


def test_the_page_of_a_run_draws_its_steps_and_says_the_same_as_a_list(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    run = calculation(den, ada, scripted)
    html = page(bob, f"/runs/{run.pk}/")
    drawing = html[html.index("<svg viewBox") : html.index("<ol")]
    steps = list(run.steps.all())
    assert drawing.count('class="node ') == len(steps) == 3
    assert drawing.count("<path") == 2
    for step in steps:
        assert f'href="#step-{step.pk}"' in drawing
        assert f'<li id="step-{step.pk}"' in html
    assert "data-live" not in html
    assert all(one in words(html) for one in ("Let me see.", "It is 42.", "&quot;expression&quot;: &quot;6*7&quot;"))
    piece = page(bob, f"/runs/{run.pk}/?piece")
    assert "<svg viewBox" in piece
    assert "<html" not in piece


def test_who_may_not_read_the_answer_sees_no_run(
    den: Room, ada: User, mod: User, eve: User, seat: Seat, scripted: Scripted
) -> None:
    run = calculation(den, ada, scripted, visible_to=["echo"])
    for outsider in (mod, eve):
        for path in (f"/runs/{run.pk}/", f"/messages/{run.reply_id}/alternatives/"):
            assert "42" not in words(page(outsider, path, 404))  # a nonce may have any digits
    assert str(run.pk) not in page(mod, "/rooms/den/runs/")
    assert str(run.pk) in page(ada, "/rooms/den/runs/")
    assert page(mod, f"/rooms/den/beside?m={run.reply_id}").count("data-foot") == 0
    page(eve, "/rooms/den/runs/", 404)


def test_of_a_step_that_read_what_one_cannot_see_neither_words_nor_hash_are_shown(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    secret = say(den, ada, "canary in the kitchen")
    Agent.objects.update(tools=["read_messages"])
    scripted.calls("read_messages", limit=3).finishes("tool_calls")
    run = run_for(ask(den, ada, "@echo what is there?"))
    Message.objects.filter(pk=secret.pk).update(state="held")
    html = page(bob, f"/runs/{run.pk}/")
    assert "1 source you cannot see" in html
    assert "canary" not in html
    assert "&quot;limit&quot;" not in html
    assert not any(step.prompt_sha256 and step.prompt_sha256 in html for step in run.steps.all())
    assert "&quot;limit&quot;" in page(ada, f"/runs/{run.pk}/")
    for path in (f"/messages/{run.reply_id}/why/", f"/rooms/den/uses/?run={run.pk}"):
        assert "1 source you cannot see" in page(bob, path)
        assert "&quot;limit&quot;" not in page(bob, path)
        assert "&quot;limit&quot;" in page(ada, path)


def test_after_the_answer_is_taken_away_nothing_of_its_words_is_left_in_its_run(
    den: Room, ada: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    run = calculation(den, ada, scripted)
    assert run.reply is not None
    redact_message(message=run.reply, by=mod)
    tasks.forget(Event.objects.get(type="message.redacted").pk)
    assert "Its words went with the answer." in page(ada, f"/runs/{run.pk}/")
    for path in (f"/runs/{run.pk}/", "/rooms/den/runs/"):
        html = page(ada, path)
        assert "6*7" not in html
        assert "It is 42." not in html


def test_a_run_under_way_is_stopped_with_a_plain_form_and_done_again_from_a_step(
    den: Room, ada: User, bob: User, seat: Seat
) -> None:
    question = say(den, bob, "@echo?")
    (step,) = woken(question)
    run = run_for(question)
    html = page(bob, f"/runs/{run.pk}/")
    assert "data-live" in html
    assert "Stop all of it" in html
    stopped = client_of(bob).post(f"/runs/{run.pk}/act", {"verb": "cancel_step", "step": str(step)}, follow=True)
    assert "Stopped by @bob" in stopped.content.decode()
    again = client_of(bob).post(f"/runs/{run.pk}/act", {"verb": "retry_step", "step": str(step)})
    other = Task.objects.get(alternative_of=run)
    assert again["Location"] == f"/runs/{other.pk}/"
    refused = client_of(bob).post(f"/runs/{run.pk}/act", {"verb": "cancel_step", "step": str(step)}, follow=True)
    assert "This step has ended already." in refused.content.decode()
    assert client_of(bob).post(f"/runs/{run.pk}/act", {"verb": "dance"}).status_code == 302


def test_a_run_of_several_agents_is_drawn_with_whose_step_each_is(den: Room, ada: User, seat: Seat) -> None:
    run = run_for(ask(den, ada, "@echo?"))
    first = run.steps.get()
    consult = Step.objects.create(
        task=run,
        kind="consult",
        agent=seat.agent,
        title="Look for <b>risks</b>",
        output={"text": "None.", "agrees": True},
    )
    first.needs.add(consult)
    html = page(ada, f"/runs/{run.pk}/")
    assert "Look for &lt;b&gt;risks" in html
    assert all(one in words(html) for one in ("Contribution", "None.", "&quot;agrees&quot;: true"))


def test_the_runs_of_a_room_are_listed_newest_first_and_in_pages(
    den: Room, ada: User, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [run_for(ask(den, ada, f"@echo {number}?")) for number in range(3)]
    monkeypatch.setattr("agents.web.runs.PAGE", 2)
    html = page(ada, "/rooms/den/runs/")
    assert html.index(str(runs[2].pk)) < html.index(str(runs[1].pk))
    assert f"/runs/{runs[0].pk}/" not in html
    assert f"/runs/{runs[0].pk}/" in page(ada, f"/rooms/den/runs/?before={runs[1].pk}")


def test_answers_stand_side_by_side_and_one_more_is_asked_for_with_a_plain_form(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("One.")
    first = answer_to(ask(den, ada, "@echo count"))
    path = f"/messages/{first.pk}/alternatives/"
    assert client_of(bob).post(path, {"agent": "echo"}).status_code == 302
    html = words(page(bob, path))
    assert "2 answers to Ada" in html
    assert "It is being written." in html
    again = client_of(bob).post(path, {"agent": "echo"}, follow=True).content.decode()
    assert "An answer to this is being written." in again


def test_beneath_an_answer_one_sees_which_of_how_many_it_is_and_ones_own_thumb(
    den: Room, ada: User, bob: User, seat: Seat
) -> None:
    first = answer_to(ask(den, ada, "@echo count"))
    client_of(bob).post(f"/messages/{first.pk}/feedback/", {"thumb": "down", "reasons": ["wrong"], "note": "Hm."})
    regenerate(run=Task.objects.get(reply=first), by=ada)
    feet = page(bob, f"/rooms/den/beside?m={first.pk}")
    assert "1 of 2" in words(feet)
    assert re.search(r'data-thumb="down" aria-pressed="true"', feet)
    assert 'aria-pressed="true"' not in page(ada, f"/rooms/den/beside?m={first.pk}")
    client_of(bob).post(f"/messages/{first.pk}/feedback/", {"take_back": "1"})
    assert not Feedback.objects.exists()


def test_a_question_is_asked_otherwise_with_a_plain_form_and_both_show_the_pair(
    den: Room, ada: User, bob: User
) -> None:
    question = say(den, ada, "@bob how many?")
    path = f"/messages/{question.pk}/branch/"
    assert "how many?" in page(ada, path)
    assert "Only who said it" in page(bob, path)
    client_of(ada).post(path, {"body": "@bob how many cups?"})
    branch = Branch.objects.get()
    feet = page(bob, f"/rooms/den/beside?m={question.pk},{branch.message_id}")
    assert "Asked again in other words" in feet
    assert "Edited from an earlier question" in feet
    assert "Only who said it" in client_of(bob).post(path, {"body": "mine now"}).content.decode()


def test_too_many_messages_at_once_are_refused(den: Room, ada: User) -> None:
    ids = ",".join(["01a1fc4e-3e63-7f6e-afa6-2899534b32d7"] * 201)
    page(ada, f"/rooms/den/beside?m={ids}", 400)
    page(ada, "/rooms/den/beside?m=nonsense", 404)


def test_what_waits_for_people_is_decided_on_the_page_of_its_run_too(
    den: Room, ada: User, bob: User, gus: User, seat: Seat, scripted: Scripted
) -> None:
    Agent.objects.update(tools=["withdraw_messages"])
    seq = say(den, bob, "I never liked the tea.").seq
    scripted.calls("withdraw_messages", numbers=[seq]).finishes("tool_calls")
    run = run_for(ask(den, bob, "@echo take that back"))
    html = page(bob, f"/runs/{run.pk}/")
    assert "wants to use <code>withdraw_messages</code>" in html
    assert "/approvals/" in html
    assert "/approvals/" not in page(gus, f"/runs/{run.pk}/")
    decide = re.search(r'action="(/approvals/[^"]+)"', html)
    assert decide is not None
    client_of(bob).post(decide[1], {"decision": "deny"})
    assert "wants to use" not in page(bob, f"/runs/{run.pk}/")


def test_the_same_call_of_a_model_is_told_once_with_how_often() -> None:
    from agents.web.panel import told_once

    call = {"deployment": "", "model": "scripted", "result": "answered"}
    told = told_once([call, {**call, "deployment": "fast/own"}, call])
    assert told == [
        ({"model": "scripted", "result": "answered"}, 2),
        ({"deployment": "fast/own", "model": "scripted", "result": "answered"}, 1),
    ]
