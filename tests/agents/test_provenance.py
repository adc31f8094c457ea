"""Why did it say this? What everybody who reads an answer may know of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from agents.inside.provenance import recompute
from agents.llm.scripted import Scripted
from agents.models import Agent, Seat, Step
from agents.web.why import dollars
from rooms.models import Message, Room, User
from rooms.services.messages import edit_message, redact_message, withdraw_message
from rooms.services.rooms import change_room
from tests.plugins.rest import Asking

from .asking import answer_to, ask, run_for, say, woken

pytestmark = pytest.mark.django_db(transaction=True)


def step_of(question: Message) -> Step:
    return run_for(question).steps.get()


def path_to(message: Message) -> str:
    return f"messages/{message.pk}/provenance/"


def page_of(message: Message, reader: User, query: str = "") -> Any:
    client = Client()
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(f"/messages/{message.pk}/why/{query}")


def hold(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(state="held")


# --- what is told


def test_every_member_learns_what_it_answered_and_read_and_what_that_took(
    asking: Asking, den: Room, ada: User, bob: User, gus: User, seat: Seat, scripted: Scripted
) -> None:
    before = say(den, bob, "the   tea is\nready")
    scripted.says("Yes.")
    question = ask(den, ada, "@echo is there tea?")
    for reader in (ada, bob, gus):
        why = asking(reader).get(path_to(answer_to(question)))
        assert why.status == 200, why
        assert (why["agent"]["username"], why["requester"]["username"]) == ("echo", "ada")
        assert (why["trigger"]["id"], why["root"]["id"], why["depth"], why["attempt"]) == (
            *[str(question.pk)] * 2,
            0,
            1,
        )
        assert [(one["id"], one["excerpt"]) for one in why["sources"]] == [
            (str(before.pk), "the tea is ready"),
            (str(question.pk), "@echo is there tea?"),
        ]
        assert (why["unseen_sources"], why["reproducible"], why["differences"]) == (0, True, [])
        assert (why["status"], why["reason"], why["model"]) == ("done", "answered", "scripted")
        assert why["prompt_tokens"] > why["completion_tokens"] == 1
        assert isinstance(why["cost_micros"], int)
        (step,) = why["steps"]
        kept = step_of(question)
        assert (step["prompt"], step["prompt_sha256"]) == (kept.prompt_id, kept.prompt_sha256)
        assert why["started_at"] < why["ended_at"]


def test_an_answer_asked_for_twice_says_the_how_manyth_it_is_and_who_asked_for_it(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Half").fails("protocol")
    question = ask(den, ada, "@echo?")
    broken = run_for(question)
    assert broken.reply is not None
    why = asking(bob).get(path_to(broken.reply))
    assert (why["status"], why["reason"], why["attempt"]) == ("interrupted", "protocol", 1)
    again = asking(bob).post(f"runs/{broken.pk}/retry/")
    why = asking(ada).get(f"messages/{again['message']}/provenance/")
    assert (why["attempt"], why["requester"]["username"], why["status"]) == (2, "bob", "waiting")
    assert (why["sources"], why["model"], why["reproducible"]) == ([], None, None)


def test_what_an_answer_cost_is_shown_to_every_member(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    question = ask(den, ada, "@echo?")
    step_of(question).usages.update(cost_micros=1230)
    assert asking(bob).get(path_to(answer_to(question)))["cost_micros"] == 1230
    assert "$0.00123<" in page_of(answer_to(question), bob).content.decode()


@pytest.mark.parametrize(
    ("micros", "shown"), [(0, "$0.00"), (42, "$0.000042"), (1_500_000, "$1.50"), (12_345_678, "$12.345678")]
)
def test_money_is_shown_to_the_millionth_and_without_idle_zeros(micros: int, shown: str) -> None:
    assert dollars(micros) == shown


# --- who may know


def test_those_who_may_not_read_an_answer_are_told_that_there_is_nothing(
    asking: Asking, den: Room, ada: User, mod: User, bob: User, eve: User, seat: Seat
) -> None:
    open_one = answer_to(ask(den, ada, "@echo?"))
    whisper = answer_to(ask(den, ada, "@echo psst?", visible_to=["bob", "echo"]))
    nowhere = asking(ada).get(f"messages/{uuid4()}/provenance/")
    assert asking(bob).get(path_to(whisper)).status == 200
    for reader, message in ((eve, open_one), (eve, whisper), (mod, whisper)):
        answer = asking(reader).get(path_to(message))
        assert (answer.status, answer.json) == (404, nowhere.json)
        assert page_of(message, reader).status_code == 404
    assert asking(None).get(path_to(open_one)).status == 401


def test_of_a_source_that_is_not_for_them_people_learn_only_that_there_is_one(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, seat: Seat
) -> None:
    secret = say(den, ada, "canary in the kitchen")
    question = ask(den, ada, "@echo what do we know?")
    hold(secret)
    answer = answer_to(question)
    why = asking(bob).get(path_to(answer))
    assert [one["id"] for one in why["sources"]] == [str(question.pk)]
    assert why["unseen_sources"] == 1
    assert why["reproducible"] is None
    page = page_of(answer, bob).content.decode()
    assert "And 1 source you cannot see." in page
    kept = step_of(question).prompt_sha256
    for told in (why.response.content.decode(), page):
        assert "canary" not in told
        assert str(secret.pk) not in told
        assert kept not in told, "the hash of a prompt of which one knows all but a word tells the word"
    for reader in (mod, ada):
        why = asking(reader).get(path_to(answer))
        assert (why["unseen_sources"], why["sources"][0]["change"]) == (0, "held")
        assert why["steps"][0]["prompt_sha256"] == kept


def test_of_a_prompt_whose_words_were_taken_back_the_hash_is_told_no_more(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, seat: Seat
) -> None:
    """Whoever knows the rest of it could guess the word that a moderator took away, and know when it is right."""
    secret = say(den, bob, "canary")
    question = ask(den, ada, "@echo what do we know?")
    kept, answer = step_of(question).prompt_sha256, answer_to(question)
    assert kept in page_of(answer, bob).content.decode()
    redact_message(message=secret, by=mod)
    for reader in (ada, bob, mod):
        why = asking(reader).get(path_to(answer))
        assert (why["reproducible"], len(why["differences"]), why["steps"][0]["prompt_sha256"]) == (False, 1, None)
        run = asking(reader).get(f"runs/{run_for(question).pk}/")
        for told in (why.response, run.response, page_of(answer, reader)):
            assert kept not in told.content.decode()


def test_who_cannot_read_the_question_learns_not_who_asked_it(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat
) -> None:
    question = ask(den, ada, "@echo canary?")
    hold(question)
    answer = answer_to(question)
    why = asking(bob).get(path_to(answer))
    assert (why["trigger"], why["root"], why["requester"], why["unseen_sources"]) == (None, None, None, 1)
    page = page_of(answer, bob).content.decode()
    assert "A message that you cannot see." in page
    assert "canary" not in page
    assert "Asked by" not in page


def test_a_token_of_another_room_learns_nothing(asking: Asking, den: Room, square: Room, ada: User, seat: Seat) -> None:
    answer = answer_to(ask(den, ada, "@echo?"))
    assert asking(ada, rooms=(square,)).get(path_to(answer)).status == 404
    assert asking(ada, rooms=(den,)).get(path_to(answer)).status == 200


def test_what_a_person_said_has_no_reasons_to_show(asking: Asking, den: Room, ada: User, bob: User) -> None:
    said = say(den, ada, "because I like tea")
    answer = asking(bob).get(path_to(said))
    assert (answer.status, answer["code"], answer["detail"]) == (404, "not_found", "No agent wrote this message.")
    assert page_of(said, bob).status_code == 404


# --- the prompt, once more


def test_the_prompt_is_built_again_from_the_recorded_ids_to_the_same_hash(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    say(den, bob, 'a "quotation"\nand Ünicode')
    ask(den, ada, "@echo one?")
    question = ask(den, ada, "@echo two?")
    say(den, bob, "said afterwards")
    Agent.objects.filter(pk=seat.agent_id).update(persona="Somebody else now.", context_messages=1)
    for asked in (question, Message.objects.get(body="@echo one?")):
        found = recompute(step_of(asked))
        assert found is not None
        assert found.is_equal
        assert found.reasons == ()


def test_a_question_that_was_cut_is_cut_again(den: Room, ada: User, seat: Seat) -> None:
    Agent.objects.filter(pk=seat.agent_id).update(max_prompt_tokens=800)
    found = recompute(step_of(ask(den, ada, "@echo " + "é" * 7000)))
    assert found is not None
    assert found.is_equal


def test_after_an_edit_it_is_another_and_the_edit_is_named_as_the_reason(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat
) -> None:
    early = say(den, bob, "it was rde")
    edit_message(message=early, by=bob, body="it was red")
    source = say(den, bob, "it was tall")
    question = ask(den, ada, "@echo what was it?")
    edit_message(message=source, by=bob, body="it was small")
    found = recompute(step_of(question))
    assert found is not None
    assert not found.is_equal
    assert found.reasons == (f"Message {source.seq} of @bob ({source.pk}) was edited.",)
    why = asking(ada).get(path_to(answer_to(question)))
    assert (why["reproducible"], why["differences"]) == (False, list(found.reasons))
    assert [one["change"] for one in why["sources"]] == ["", "edited", ""]
    assert "edited since" in page_of(answer_to(question), ada).content.decode()


def test_what_was_taken_back_or_away_is_named_too_and_its_words_are_gone(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, seat: Seat
) -> None:
    back, away, lost = (say(den, bob, f"canary {number}") for number in range(3))
    question = ask(den, ada, "@echo?")
    withdraw_message(message=back, by=bob)
    redact_message(message=away, by=mod)
    lost.delete()
    found = recompute(step_of(question))
    assert found is not None
    assert found.reasons == (
        f"Message {step_of(question).read[2]} does not exist any more.",
        f"Message {back.seq} of @bob ({back.pk}) was withdrawn.",
        f"Message {away.seq} of @bob ({away.pk}) was redacted.",
    )
    why = asking(ada).get(path_to(answer_to(question)))
    assert [(one["change"], one["excerpt"]) for one in why["sources"]][:2] == [("withdrawn", ""), ("redacted", "")]
    assert why["unseen_sources"] == 1


def test_a_room_that_was_renamed_is_a_reason_and_one_that_was_opened_is_none(den: Room, ada: User, seat: Seat) -> None:
    step = step_of(ask(den, ada, "@echo?"))
    change_room(room=den, by=ada, visibility="public")
    found = recompute(step)
    assert found is not None
    assert found.is_equal
    change_room(room=den, by=ada, topic="Cake")
    found = recompute(step_of(Message.objects.get(pk=step.read[0])))
    assert found is not None
    assert found.reasons == ("The name or the topic of the room was changed.",)


def test_on_the_command_line_a_run_says_equal_or_different_and_why(
    den: Room, ada: User, bob: User, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    source = say(den, bob, "it was tall")
    run = run_for(ask(den, ada, "@echo?"))
    call_command("recompute_prompt", str(run.pk))
    assert f"equal      {run.steps.get().prompt_sha256}" in capsys.readouterr().out
    edit_message(message=source, by=bob, body="it was small")
    with pytest.raises(SystemExit):
        call_command("recompute_prompt", str(run.pk))
    shown = capsys.readouterr().out
    assert f"different  {run.steps.get().prompt_sha256} then" in shown
    assert f"Message {source.seq} of @bob ({source.pk}) was edited." in shown


def test_on_the_command_line_a_run_without_a_prompt_and_no_run_are_told_apart(
    den: Room, ada: User, seat: Seat, capsys: pytest.CaptureFixture[str]
) -> None:
    question = say(den, ada, "@echo?")
    woken(question)
    call_command("recompute_prompt", str(run_for(question).pk))
    assert "no prompt: no model was asked" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("recompute_prompt", str(uuid4()))


# --- the page


def test_the_page_says_it_in_words_and_links_only_what_its_reader_may_read(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    before = say(den, bob, "<b>tea</b> is ready")
    question = ask(den, ada, "@echo is there tea?")
    response = page_of(answer_to(question), bob)
    page = response.content.decode()
    assert response.status_code == 200
    assert "Why did Echo say this?" in page
    assert "Asked by Ada" in page
    for source in (before, question):
        assert f"/rooms/den/messages/{source.pk}/" in page
    assert "&lt;b&gt;tea&lt;/b&gt; is ready" in page
    assert step_of(question).prompt_sha256 in page
    assert "Built again from these messages just now, it was the same." in page
    piece = page_of(answer_to(question), bob, "?piece").content.decode()
    assert "<html" not in piece
    assert "Why did Echo say this?" in piece


def test_an_answer_that_is_still_being_waited_for_has_a_page_already(den: Room, ada: User, seat: Seat) -> None:
    question = say(den, ada, "@echo?")
    woken(question)
    page = page_of(answer_to(question), ada).content.decode()
    assert "It is not over yet" in page
    assert "Nothing: no model was asked." in page


def test_each_answer_in_the_room_links_to_its_reasons_and_nothing_else_does(den: Room, ada: User, seat: Seat) -> None:
    answer = answer_to(ask(den, ada, "@echo?"))
    gone = answer_to(ask(den, ada, "@echo again?"))
    redact_message(message=gone, by=ada)
    client = Client()
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/rooms/den/").content.decode()
    assert page.count("Why did it say this?") == 1
    assert f'href="/messages/{answer.pk}/why/"' in page
