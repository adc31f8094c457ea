from __future__ import annotations

import pytest

from rooms.audience import Reader
from rooms.errors import Conflict, Forbidden, Invalid, NotFound, Refused, TooLarge
from rooms.models import Event, Message, Room, User
from rooms.reading import read_events, read_page
from rooms.services.memberships import remove_member
from rooms.services.messages import edit_message, post_message, withdraw_message

pytestmark = pytest.mark.django_db


def bodies(room: Room, reader: Reader) -> list[str]:
    return [message["body"] for message in read_page(room, reader).messages()]


def test_what_ada_says_is_in_the_history_and_in_the_log_under_one_number(den: Room, ada: User) -> None:
    posted = post_message(room=den, author=ada, body="Good **morning**")
    den.refresh_from_db()
    message = posted.message
    assert message["seq"] == den.last_seq
    assert message["html"] == "<p>Good <strong>morning</strong></p>"
    assert message["author"] == {"username": "ada", "display_name": "Ada", "kind": "human"} | {
        "avatar": "",
        "hue": None,
    }
    assert read_page(den, Reader(ada.pk, "owner")).messages() == [message]
    event = Event.objects.get(room=den, seq=den.last_seq)
    assert (event.type, event.message_id, event.data) == ("message.posted", Message.objects.get().pk, {})


def test_a_resend_gives_the_first_row_and_another_text_under_its_id_is_a_conflict(den: Room, ada: User) -> None:
    first = post_message(room=den, author=ada, body="once", client_id="c1")
    again = post_message(room=den, author=ada, body="once", client_id="c1")
    assert first.created
    assert not again.created
    assert again.message == first.message
    with pytest.raises(Conflict):
        post_message(room=den, author=ada, body="twice", client_id="c1")
    assert bodies(den, Reader(ada.pk, "owner")) == ["once"]


def test_a_resend_is_known_after_the_message_was_edited_or_taken_back(den: Room, ada: User) -> None:
    posted = post_message(room=den, author=ada, body="first words", client_id="c1")
    message = Message.objects.get(pk=posted.message["id"])
    edit_message(message=message, by=ada, body="other words")
    assert not post_message(room=den, author=ada, body="first words", client_id="c1").created
    withdraw_message(message=message, by=ada)
    again = post_message(room=den, author=ada, body="first words", client_id="c1")
    assert (again.created, again.message["state"], again.message["body"]) == (False, "withdrawn", "")


def test_two_people_may_use_the_same_client_id(den: Room, ada: User, bob: User) -> None:
    assert post_message(room=den, author=ada, body="mine", client_id="same").created
    assert post_message(room=den, author=bob, body="mine too", client_id="same").created


def test_eve_cannot_speak_in_the_den_and_learns_nothing_of_it(den: Room, eve: User) -> None:
    with pytest.raises(NotFound):
        post_message(room=den, author=eve, body="let me in")


def test_eve_may_see_the_square_but_not_speak_before_she_joins(square: Room, eve: User) -> None:
    with pytest.raises(Forbidden):
        post_message(room=square, author=eve, body="hello?")


def test_a_removed_member_cannot_speak_even_through_a_door_that_asked_before(den: Room, ada: User, bob: User) -> None:
    remove_member(room=den, user=bob, by=ada)
    with pytest.raises(NotFound):
        post_message(room=den, author=bob, body="one more thing")


def test_a_deactivated_account_cannot_speak(den: Room, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(NotFound):
        post_message(room=den, author=bob, body="hello")


def test_a_refused_message_takes_no_number(den: Room, ada: User) -> None:
    den.refresh_from_db()
    before = den.last_seq
    with pytest.raises(Refused) as refusal:
        post_message(room=den, author=ada, body="https://spam.example/ " * 11)
    assert refusal.value.as_dict()["rule"] == "link_flood"
    den.refresh_from_db()
    assert den.last_seq == before


@pytest.mark.parametrize("body", ["", "   \n", "a\x00b", "half a pair \ud800", None, 7])
def test_what_cannot_be_kept_is_refused_with_the_field_named(den: Room, ada: User, body: object) -> None:
    with pytest.raises(Invalid) as error:
        post_message(room=den, author=ada, body=body)
    assert error.value.fields is not None
    assert "body" in error.value.fields


def test_a_message_over_32_kib_is_too_large(den: Room, ada: User) -> None:
    with pytest.raises(TooLarge):
        post_message(room=den, author=ada, body="é" * 20_000)


def test_only_people_of_the_room_are_mentioned_and_never_inside_code(
    den: Room, ada: User, bob: User, eve: User
) -> None:
    message = post_message(room=den, author=ada, body="@bob and @eve, see `@ada` and\n```\n@ada\n```").message
    assert message["mentions"] == ["bob"]
    assert 'data-user="bob"' in message["html"]
    assert 'data-user="eve"' not in message["html"]
    assert 'data-user="ada"' not in message["html"]


def test_a_whisper_reaches_its_audience_and_nobody_else(den: Room, ada: User, bob: User, mod: User) -> None:
    whisper = post_message(room=den, author=ada, body="psst", visible_to=["bob"]).message
    assert whisper["visible_to"] == ["ada", "bob"]
    assert bodies(den, Reader(bob.pk, "member")) == ["psst"]
    assert bodies(den, Reader(mod.pk, "moderator")) == []
    replay = read_events(den, Reader(mod.pk, "moderator"), 0)
    assert [readable for _, readable in replay.frames][-1] is False


def test_a_whisper_names_members_only(den: Room, ada: User, eve: User) -> None:
    with pytest.raises(Invalid):
        post_message(room=den, author=ada, body="psst", visible_to=["eve"])


def test_a_reply_stays_in_its_room_and_quotes_no_whisper(den: Room, square: Room, ada: User, bob: User) -> None:
    elsewhere = post_message(room=square, author=ada, body="over there").message
    with pytest.raises(Invalid):
        post_message(room=den, author=ada, body="re", reply_to=elsewhere["id"])
    whisper = post_message(room=den, author=ada, body="secret plan", visible_to=["bob"]).message
    reply = post_message(room=den, author=bob, body="agreed", reply_to=whisper["id"]).message
    assert (reply["reply_to"], reply["reply"]) == (whisper["id"], None)


def test_nobody_replies_to_a_whisper_they_cannot_read(den: Room, ada: User, bob: User, mod: User) -> None:
    whisper = post_message(room=den, author=ada, body="secret plan", visible_to=["bob"]).message
    with pytest.raises(Invalid):
        post_message(room=den, author=mod, body="what was that?", reply_to=whisper["id"])
