from __future__ import annotations

import pytest

from rooms import background
from rooms.ids import uuid7
from rooms.live import streams
from rooms.models import Message, Room, User
from rooms.services.memberships import begin_membership, remove_member
from rooms.services.messages import edit_message, finish_message, post_message, start_message
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)


def say(room: Room, author: User, body: str, **facts: object) -> dict:
    return post_message(room=room, author=author, body=body, **facts).message  # type: ignore[arg-type]


def test_what_is_posted_is_answered_whole_and_stands_in_the_history(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    posted = ask.post("rooms/den/messages/", {"body": "hi **all** @ada", "client_id": "c1"})
    assert posted.status == 201
    message = posted.json
    assert set(message) >= {
        "id", "seq", "room", "author", "body", "html", "state", "mentions", "reply_to", "thread", "visible_to",
        "reactions", "attachments", "run", "edited_at", "created_at",
    }  # fmt: skip
    assert message["author"] == {"username": "bob", "display_name": "Bob", "kind": "human"}
    assert message["mentions"] == ["ada"]
    assert "<strong>all</strong>" in message["html"]
    page = ask.get("rooms/den/messages/").json
    assert page == {"results": [message], "has_before": False, "has_after": False}


def test_a_reply_quotes_words_and_not_markdown(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    said = ask.post("rooms/den/messages/", {"body": "**5 < 6** & `x`\n\n> as [she](https://example.org/a?b) said"})
    answer = ask.post("rooms/den/messages/", {"body": "yes", "reply_to": said["id"]})
    assert answer["reply"]["excerpt"] == "5 < 6 & x as she said"


def test_the_same_client_id_again_is_the_first_row_and_another_body_a_conflict(
    asking: Asking, den: Room, bob: User
) -> None:
    ask = asking(bob)
    first = ask.post("rooms/den/messages/", {"body": "once", "client_id": "c1"})
    again = ask.post("rooms/den/messages/", {"body": "once", "client_id": "c1"})
    other = ask.post("rooms/den/messages/", {"body": "twice", "client_id": "c1"})
    assert (first.status, again.status, other.status) == (201, 200, 409)
    assert again.json == first.json
    assert other["code"] == "conflict"


def test_history_pages_both_ways_and_around_a_number(asking: Asking, den: Room, ada: User) -> None:
    said = [say(den, ada, f"number {n}")["seq"] for n in range(9)]
    ask = asking(ada)

    def page(query: str) -> tuple[list[int], bool, bool]:
        answer = ask.get(f"rooms/den/messages/?{query}").json
        return [one["seq"] for one in answer["results"]], answer["has_before"], answer["has_after"]

    assert page("limit=3") == (said[6:], True, False)
    assert page(f"before={said[6]}&limit=3") == (said[3:6], True, True)
    assert page(f"after={said[2]}&limit=3") == (said[3:6], True, True)
    assert page(f"around={said[4]}&limit=3") == (said[3:6], True, True)
    assert page("after=0&limit=200") == (said, False, False)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "before=-1", "before=1&after=2", f"after={10**30}", "sort=up", "after="],
)
def test_a_page_that_cannot_be_is_refused_with_the_field(asking: Asking, den: Room, ada: User, query: str) -> None:
    answer = asking(ada).get(f"rooms/den/messages/?{query}")
    assert (answer.status, answer["code"]) == (400, "invalid")
    assert answer["fields"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "body"),
        ({"body": None}, "body"),
        ({"body": 7}, "body"),
        ({"body": "  \n"}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"body": "hi", "colour": "red"}, "colour"),
        ({"body": "hi", "client_id": "x" * 65}, "client_id"),
        ({"body": "hi", "client_id": 5}, "client_id"),
        ({"body": "hi", "reply_to": "nothing"}, "reply_to"),
        ({"body": "hi", "reply_to": "0192f0c1-2345-7000-8000-000000000000"}, "reply_to"),
        ({"body": "hi", "thread": []}, "thread"),
        ({"body": "hi", "visible_to": "ada"}, "visible_to"),
        ({"body": "hi", "visible_to": ["eve"]}, "visible_to"),
        ({"body": "hi", "visible_to": [1]}, "visible_to"),
        ({"body": "hi", "attachments": ["cat.png"]}, "attachments"),
        ({"body": "hi", "author": "ada"}, "author"),
        ({"body": "hi", "seq": 1}, "seq"),
    ],
)
def test_a_message_that_is_not_right_is_refused_with_the_field(
    asking: Asking, den: Room, bob: User, eve: User, said: dict, field: str
) -> None:
    answer = asking(bob).post("rooms/den/messages/", said)
    assert (answer.status, answer["code"]) == (400, "invalid")
    assert list(answer["fields"]) == [field]
    assert not Message.objects.exists()


def test_an_empty_list_of_attachments_is_fine(asking: Asking, den: Room, bob: User) -> None:
    assert asking(bob).post("rooms/den/messages/", {"body": "hi", "attachments": []}).status == 201


def test_a_whisper_is_for_those_it_names(asking: Asking, den: Room, ada: User, bob: User, mod: User) -> None:
    posted = asking(ada).post("rooms/den/messages/", {"body": "psst", "visible_to": ["bob"]})
    assert posted["visible_to"] == ["ada", "bob"]
    message = f"messages/{posted['id']}/"
    assert asking(bob).get(message).status == 200
    assert len(asking(bob).get("rooms/den/messages/")["results"]) == 1
    assert asking(mod).get(message).status == 404
    assert asking(mod).get("rooms/den/messages/")["results"] == []
    assert asking(mod).get("rooms/den/search/?q=psst")["results"] == []


def test_a_refusal_of_a_gate_names_rule_and_span(asking: Asking, den: Room, bob: User) -> None:
    flood = " ".join(f"https://example.org/{n}" for n in range(30))
    answer = asking(bob).post("rooms/den/messages/", {"body": flood})
    assert (answer.status, answer["code"], answer["rule"]) == (422, "refused", "link_flood")
    assert len(answer["span"]) == 2


def test_an_edit_is_the_authors_and_leaves_what_was_said_in_the_history(
    asking: Asking, den: Room, bob: User, mod: User
) -> None:
    message = f"messages/{say(den, bob, 'teh cat')['id']}/"
    edited = asking(bob).patch(message, {"body": "the cat"})
    assert (edited.status, edited["body"]) == (200, "the cat")
    assert edited["edited_at"]
    history = asking(mod).get(f"{message}history/")["results"]
    assert [(one["body"], one["edited_by"]["username"]) for one in history] == [("teh cat", "bob")]
    assert asking(mod).patch(message, {"body": "a dog"}).status == 403


def test_who_was_sent_out_of_a_public_room_cannot_rewrite_what_they_said(
    asking: Asking, square: Room, ada: User, eve: User
) -> None:
    begin_membership(room=square, user=eve, role="member", by=ada)
    message = f"messages/{say(square, eve, 'hello')['id']}/"
    remove_member(room=square, user=eve, by=ada)
    assert asking(eve).get(message).status == 200
    assert asking(eve).patch(message, {"body": "buy things"}).status == 403


def test_a_message_taken_back_has_no_old_words_in_any_field(asking: Asking, den: Room, bob: User, mod: User) -> None:
    posted = say(den, bob, "my secret words")
    edit_message(message=Message.objects.get(pk=posted["id"]), by=bob, body="my secret words, longer")
    message = f"messages/{posted['id']}/"
    assert asking(bob).delete(message).status == 204
    gone = asking(mod).get(message)
    assert (gone["state"], gone["body"], gone["html"]) == ("withdrawn", "", "")
    for path in (message, f"{message}history/", "rooms/den/messages/", "rooms/den/search/?q=secret"):
        assert b"secret" not in asking(mod).get(path).response.content
    assert asking(bob).delete(message).status == 409


def test_a_moderator_redacts_and_a_member_does_not(asking: Asking, den: Room, ada: User, bob: User, mod: User) -> None:
    message = f"messages/{say(den, ada, 'rude words')['id']}/"
    assert asking(bob).delete(message).status == 403
    assert asking(mod).delete(message, {"reason": "be kind"}).status == 204
    assert asking(bob).get(message)["state"] == "redacted"


def test_an_answer_being_written_is_read_as_far_as_it_was_shown(
    asking: Asking, den: Room, bob: User, echo: User
) -> None:
    answer = start_message(room=den, author=echo, run=uuid7())
    background.run(streams.send_text(answer, 0, "Once upon "))
    background.run(streams.send_text(answer, 10, "a **time**"))
    ask = asking(bob)
    for read in (ask.get(f"messages/{answer.pk}/").json, ask.get("rooms/den/messages/")["results"][-1]):
        assert (read["state"], read["body"]) == ("writing", "Once upon a **time**")
        assert "<strong>time</strong>" in read["html"]
    finish_message(message=answer, body="Once upon a **time**.")
    assert ask.get(f"messages/{answer.pk}/")["body"] == "Once upon a **time**."


def test_marks_are_put_on_and_taken_off(asking: Asking, den: Room, ada: User, bob: User) -> None:
    reaction = f"messages/{say(den, ada, 'cake?')['id']}/reactions/%F0%9F%8E%89/"
    assert asking(bob).post(reaction).status == 201
    again = asking(bob).post(reaction)
    assert (again.status, again["reactions"]) == (200, [{"emoji": "🎉", "count": 1, "users": ["bob"]}])
    assert asking(bob).delete(reaction)["reactions"] == []
    assert asking(bob).post(reaction.replace("%F0%9F%8E%89", "words")).status == 400


def test_a_report_goes_to_the_moderators_once(asking: Asking, den: Room, ada: User, bob: User) -> None:
    posted = say(den, ada, "hm")
    report = f"messages/{posted['id']}/report/"
    assert asking(bob).post(report, {"reason": "unkind"}).status == 204
    assert asking(bob).post(report).status == 204
    assert [one.reason for one in Message.objects.get(pk=posted["id"]).reports.all()] == ["unkind"]
    assert asking(ada).post(report).status == 403


def test_a_superuser_and_somebody_with_a_grant_by_name_come_in_without_a_role(
    asking: Asking, den: Room, eve: User
) -> None:
    from guardian.shortcuts import assign_perm

    assert asking(eve).get("rooms/den/messages/").status == 404
    assign_perm("rooms.read_room", eve, den)
    assert asking(eve).get("rooms/den/messages/").status == 200
    assert asking(eve).post("rooms/den/messages/", {"body": "hi"}).status == 403
    assign_perm("rooms.post_message", eve, den)
    assert asking(eve).post("rooms/den/messages/", {"body": "hi"}).status == 201
    root = User.objects.create_superuser("root")
    assert asking(root).post("rooms/den/messages/", {"body": "hello"}).status == 201


def test_a_veto_of_a_backend_counts_on_the_quick_way_too(
    asking: Asking, den: Room, bob: User, settings: object
) -> None:
    settings.AUTHENTICATION_BACKENDS = [  # type: ignore[attr-defined]
        "tests.api.test_messages.Veto",
        *settings.AUTHENTICATION_BACKENDS,  # type: ignore[attr-defined]
    ]
    assert asking(bob).get("rooms/den/messages/").status == 200
    assert asking(bob).post("rooms/den/messages/", {"body": "hi"}).status == 403


class Veto:
    """A stand-in for sanctions: bob is muted."""

    def has_perm(self, user: User, perm: str, obj: object = None) -> bool:
        from django.core.exceptions import PermissionDenied

        if user.username == "bob" and perm == "rooms.post_message":
            raise PermissionDenied
        return False

    def authenticate(self, request: object, **credentials: object) -> None:
        return None
