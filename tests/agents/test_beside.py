"""Answers beside answers, questions asked otherwise, and what people think of them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from agents.llm.scripted import Scripted
from agents.models import Branch, Feedback, Seat, Task
from agents.services import groups
from agents.tasks import run_step, wake
from rooms.models import Message, Room, User
from rooms.services.messages import edit_message, redact_message, withdraw_message
from rooms.services.rooms import delete_room
from tests.plugins.rest import Answer, Asking

from .asking import answer_to, ask, event_of, run_for, say
from .conftest import another_agent

pytestmark = pytest.mark.django_db(transaction=True)


def run_again(answer: Answer) -> Message:
    """Do what the queue would do with a run that was laid out; its answer."""
    run = Task.objects.get(pk=answer["id"])
    for step in run.steps.order_by("id"):
        run_step(str(step.pk))
    run.refresh_from_db()
    assert run.reply is not None
    return run.reply


def regenerate(asking: Asking, who: User, message: Message, **facts: str) -> Answer:
    return asking(who).post(f"messages/{message.pk}/regenerate/", facts)


# --- another answer


def test_an_answer_asked_for_again_stands_beside_the_first_and_both_stay(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("One.")
    question = ask(den, ada, "@echo count")
    first = answer_to(question)
    scripted.says("Uno.")
    again = regenerate(asking, bob, first)
    assert again.status == 201, again
    assert (again["alternative_of"], again["attempt"], again["requester"]) == (str(first.run), 2, "bob")
    second = run_again(again)
    assert (second.body, second.reply_to_id, second.seq > first.seq) == ("Uno.", question.pk, True)
    first.refresh_from_db()
    assert (first.body, first.state) == ("One.", "visible")
    scripted.says("Eins.")
    third = regenerate(asking, ada, second)
    assert (third["alternative_of"], third["attempt"]) == (str(first.run), 3), "a group has one head"
    assert run_again(third).body == "Eins."


def test_another_agent_of_the_room_may_answer_instead_and_none_of_elsewhere(
    asking: Asking, den: Room, ada: User, seat: Seat, second: Seat, scripted: Scripted
) -> None:
    first = answer_to(ask(den, ada, "@echo?"))
    scripted.says("I would say no.")
    again = regenerate(asking, ada, first, agent="nod")
    assert (again["agent"]["username"], again["attempt"]) == ("nod", 1)
    assert run_again(again).author.username == "nod"
    second.delete()
    refused = regenerate(asking, ada, first, agent="nod")
    assert (refused.status, list(refused["fields"])) == (400, ["agent"])
    assert regenerate(asking, ada, first, agent="nobody").status == 400


def test_of_two_who_ask_at_once_one_gets_an_answer_and_the_other_is_told(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat
) -> None:
    first = answer_to(ask(den, ada, "@echo?"))
    assert regenerate(asking, ada, first).status == 201
    refused = regenerate(asking, bob, first)
    assert (refused.status, refused["detail"]) == (409, "An answer to this is being written.")


def test_a_question_that_was_taken_back_gets_no_more_answers(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat
) -> None:
    question = ask(den, ada, "@echo?")
    withdraw_message(message=question, by=ada)
    assert regenerate(asking, bob, answer_to(question)).status == 409


def test_another_answer_to_a_whisper_is_for_the_same_people_and_others_cannot_ask_for_it(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, eve: User, seat: Seat, second: Seat
) -> None:
    first = answer_to(ask(den, ada, "@echo psst", visible_to=["bob", "echo"]))
    for outsider in (mod, eve):
        assert regenerate(asking, outsider, first).status == 404
    assert regenerate(asking, bob, first, agent="nod").status == 409, "it was not said to nod"
    again = regenerate(asking, bob, first)
    assert Message.objects.get(pk=again["message"]).visible_to == first.visible_to


def test_what_a_person_said_cannot_be_generated_again(asking: Asking, den: Room, ada: User, bob: User) -> None:
    assert regenerate(asking, bob, say(den, ada, "hello")).status == 404


# --- the question in other words


def test_a_question_asked_otherwise_is_a_new_message_and_the_first_one_stays(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    before = say(den, bob, "Tea is ready.")
    question = ask(den, ada, "@echo how many cups?", reply_to=before.pk)
    path, words = f"messages/{question.pk}/branch/", {"body": "@echo how many mugs?", "client_id": "c-1"}
    posted = asking(ada).post(path, words)
    assert posted.status == 201, posted
    again = asking(ada).post(path, words)
    assert (again.status, again["id"]) == (200, posted["id"]), "sent again it is the same one"
    assert asking(ada).post(path, words | {"body": "other"}).status == 409
    branch = Branch.objects.get()
    assert (branch.origin_id, str(branch.message_id)) == (question.pk, posted["id"])
    assert posted["reply_to"] == str(before.pk)
    scripted.says("Four.")
    wake(event_of(branch.message).pk)
    assert answer_to(branch.message).body == "Four."
    question.refresh_from_db()
    assert question.body == "@echo how many cups?"


def test_a_whisper_asked_otherwise_is_for_the_same_people(asking: Asking, den: Room, ada: User, bob: User) -> None:
    whisper = say(den, ada, "psst", visible_to=["bob"])
    posted = asking(ada).post(f"messages/{whisper.pk}/branch/", {"body": "psst!"})
    assert sorted(posted["visible_to"]) == ["ada", "bob"]


def test_only_ones_own_words_are_branched_from_and_only_while_they_stand(
    asking: Asking, den: Room, ada: User, bob: User, eve: User
) -> None:
    question = say(den, ada, "hello")
    path, words = f"messages/{question.pk}/branch/", {"body": "hi"}
    assert asking(bob).post(path, words).status == 403
    assert asking(eve).post(path, words).status == 404
    withdraw_message(message=question, by=ada)
    assert asking(ada).post(path, words).status == 409


# --- thumbs


def test_a_person_says_what_they_think_of_an_answer_once_and_may_think_again(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, eve: User, seat: Seat
) -> None:
    answer = answer_to(ask(den, ada, "@echo?"))
    path = f"messages/{answer.pk}/feedback/"
    said = asking(bob)("PUT", path, {"thumb": "down", "reasons": ["wrong", "too_long"], "note": "It is five."})
    assert (said.status, said["mine"]["thumb"], said["mine"]["reasons"]) == (200, "down", ["too_long", "wrong"])
    asking(bob)("PUT", path, {"thumb": "up"})
    assert Feedback.objects.get().thumb == "up"
    assert asking(ada).get(path)["mine"] is None
    assert [one["user"] for one in asking(mod).get(path)["all"]] == ["bob"]
    assert asking(bob).get(path)["all"] is None, "what others think is not for members"
    assert asking(eve)("PUT", path, {"thumb": "up"}).status == 404
    assert asking(bob).delete(path)["mine"] is None
    assert not Feedback.objects.exists()


def test_a_moderators_token_that_only_writes_reads_nothing_of_what_others_think(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, seat: Seat
) -> None:
    path = f"messages/{answer_to(ask(den, ada, '@echo?')).pk}/feedback/"
    asking(bob)("PUT", path, {"thumb": "down", "note": "canary"})
    for method, body in (("PUT", {"thumb": "up"}), ("DELETE", None)):
        assert asking(mod, scopes=("write",))(method, path, body)["all"] is None
        assert "canary" in [one["note"] for one in asking(mod)(method, path, body)["all"]]


def test_reasons_are_of_a_closed_list_and_only_answers_are_judged(
    asking: Asking, den: Room, ada: User, bob: User, seat: Seat
) -> None:
    question = ask(den, ada, "@echo?")
    answer = answer_to(question)
    for wrong in ({"thumb": "sideways"}, {"thumb": "up", "reasons": ["because"]}, {"thumb": "up", "note": "x" * 501}):
        assert asking(bob)("PUT", f"messages/{answer.pk}/feedback/", wrong).status == 400
    assert asking(bob)("PUT", f"messages/{question.pk}/feedback/", {"thumb": "up"}).status == 404
    assert asking(bob)("PUT", f"messages/{uuid4()}/feedback/", {"thumb": "up"}).status == 404


def test_feedback_goes_with_the_answer_and_with_the_person_and_the_room(
    asking: Asking, den: Room, ada: User, bob: User, gus: User, mod: User, seat: Seat
) -> None:
    answers = [answer_to(ask(den, ada, f"@echo {number}?")) for number in range(3)]
    for answer, who in zip(answers, (bob, bob, gus), strict=True):
        assert asking(who)("PUT", f"messages/{answer.pk}/feedback/", {"thumb": "down"}).status == 200
    redact_message(message=answers[0], by=mod)
    assert set(Feedback.objects.values_list("message", flat=True)) == {answers[1].pk, answers[2].pk}
    User.objects.filter(pk=gus.pk).update(is_active=False)
    Feedback.objects.filter(user=gus).delete()
    delete_room(room=den, by=ada)
    assert not Feedback.objects.exists()


def test_an_edit_of_the_question_changes_nothing_of_its_answers(
    asking: Asking, den: Room, ada: User, seat: Seat
) -> None:
    question = ask(den, ada, "@echo?")
    edit_message(message=question, by=ada, body="@echo really?")
    assert run_for(question).status == "done"
    assert regenerate(asking, ada, answer_to(question)).status == 201


def test_an_answer_has_so_many_beside_it_and_no_more(
    asking: Asking, den: Room, ada: User, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST", 2)
    first = answer_to(ask(den, ada, "@echo?"))
    run_again(regenerate(asking, ada, first))
    assert regenerate(asking, ada, first).status == 409


def test_an_agent_that_is_switched_off_here_is_not_asked(asking: Asking, den: Room, ada: User, seat: Seat) -> None:
    first = answer_to(ask(den, ada, "@echo?"))
    quiet = another_agent(den, ada, "hush", trigger="off")
    assert regenerate(asking, ada, first, agent=quiet.agent.user.username).status == 409
