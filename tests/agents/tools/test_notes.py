"""The notepad of a room, for people and agents."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agents.llm.scripted import Scripted
from agents.models import RoomNote, Seat, Step
from agents.runs import forgetting
from agents.services import delete_note, write_note
from rooms.errors import Conflict, Forbidden, RoomsError
from rooms.models import Event, Message, Room, User
from rooms.services.memberships import remove_member
from rooms.services.messages import redact_message, withdraw_message
from rooms.services.rooms import delete_room
from tests.plugins.rest import Asking

from ..asking import answer_to, ask
from .conftest import results_of

pytestmark = pytest.mark.django_db(transaction=True)


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def written_by_echo(room: Room, who: User, scripted: Scripted, **facts: Any) -> Message:
    scripted.calls("write_note", title="Tea", text="It is in the blue tin.").finishes("tool_calls")
    scripted.says("Noted.")
    return ask(room, who, "@echo write it down", **facts)


def test_an_agent_writes_a_note_and_everybody_here_reads_it(
    den: Room, ada: User, bob: User, gus: User, eve: User, armed: Seat, scripted: Scripted
) -> None:
    written_by_echo(den, bob, scripted)
    for who in (ada, bob, gus):
        page = browser_of(who).get("/rooms/den/notes/").content.decode()
        assert "It is in the blue tin." in page
        assert "@echo" in page
    assert browser_of(eve).get("/rooms/den/notes/").status_code == 404
    scripted.calls("read_notes", title="tea").finishes("tool_calls")
    scripted.says("In the tin.")
    (found,) = results_of(ask(den, ada, "@echo where?"))
    assert found["result"][0]["text"] == "It is in the blue tin."  # type: ignore[index]


def test_what_is_not_for_everybody_is_not_written_down(
    den: Room, ada: User, bob: User, armed: Seat, scripted: Scripted
) -> None:
    question = written_by_echo(den, bob, scripted, visible_to=["bob", "echo"])
    assert "not for everybody" in str(results_of(question)[0]["error"])
    assert not RoomNote.objects.exists()


def test_a_guest_gets_nothing_written_and_an_agent_writes_over_no_person(
    den: Room, ada: User, gus: User, armed: Seat, scripted: Scripted
) -> None:
    assert "not for guests" in str(results_of(written_by_echo(den, gus, scripted))[0]["error"])
    write_note(room=den, by=ada, title="TEA", body="Mine.")
    assert "A person has written" in str(results_of(written_by_echo(den, ada, scripted))[0]["error"])
    assert RoomNote.objects.get().body == "Mine."


@pytest.mark.parametrize("which", ["question", "answer"])
def test_with_its_question_or_answer_the_note_goes_and_what_the_tool_was_given(
    den: Room, bob: User, mod: User, armed: Seat, scripted: Scripted, which: str
) -> None:
    question = written_by_echo(den, bob, scripted)
    if which == "question":
        withdraw_message(message=question, by=bob)
    else:
        redact_message(message=answer_to(question), by=mod)
    event = Event.objects.filter(type__in=["message.withdrawn", "message.redacted"]).get()
    for _ in range(2):
        forgetting.forget(event.pk)
    assert not RoomNote.objects.exists()
    step = Step.objects.get(kind="tool")
    assert "blue tin" not in str(step.input) + str(step.output)


def test_a_note_that_a_person_has_changed_since_stays(
    den: Room, bob: User, mod: User, armed: Seat, scripted: Scripted
) -> None:
    question = written_by_echo(den, bob, scripted)
    note = RoomNote.objects.get()
    browser_of(bob).post(f"/rooms/den/notes/{note.pk}/", {"title": "Tea", "body": "Ask Ada."})
    withdraw_message(message=question, by=bob)
    forgetting.forget(Event.objects.get(type="message.withdrawn").pk)
    assert RoomNote.objects.get().body == "Ask Ada."


def test_a_room_takes_its_notes_with_it(den: Room, ada: User, square: Room, armed: Seat) -> None:
    write_note(room=den, by=ada, title="Tea", body="Tin.")
    write_note(room=square, by=ada, title="Tea", body="Tin.")
    delete_room(room=den, by=ada)
    forgetting.forget(Event.objects.get(type="room.deleted").pk)
    assert RoomNote.objects.get().room == square


def test_its_author_and_the_moderators_change_a_note(
    den: Room, ada: User, bob: User, mod: User, gus: User, eve: User
) -> None:
    note = write_note(room=den, by=bob, title="Tea", body="Tin.")
    path = f"/rooms/den/notes/{note.pk}/"
    browser_of(gus).post(path, {"title": "Tea", "body": "Gus was here."})
    assert RoomNote.objects.get().body == "Tin."
    assert browser_of(eve).post(path, {"title": "Tea", "body": "x"}).status_code == 404
    browser_of(mod).post(path, {"title": "Tea", "body": "Red tin."})
    assert RoomNote.objects.get().body == "Red tin."
    note.refresh_from_db()
    with pytest.raises(Forbidden):
        delete_note(note=note, by=gus)
    remove_member(room=den, user=bob, by=ada)
    with pytest.raises(Forbidden):
        delete_note(note=note, by=bob)
    browser_of(ada).post(f"{path}delete")
    assert not RoomNote.objects.exists()


def test_a_note_of_another_room_is_not_reached_by_this_one(den: Room, ada: User, bob: User) -> None:
    from rooms.services.rooms import create_room

    attic = create_room(creator=ada, name="The attic", slug="attic")
    note = write_note(room=attic, by=ada, title="Secret", body="canary")
    assert browser_of(bob).post(f"/rooms/den/notes/{note.pk}/delete").status_code == 404
    assert "canary" not in browser_of(bob).get("/rooms/den/notes/").content.decode()


def test_a_title_is_given_once_and_words_are_text(den: Room, ada: User) -> None:
    client = browser_of(ada)
    assert client.post("/rooms/den/notes/", {"title": "Tea", "body": "<script>x</script>"}).status_code == 302
    assert client.post("/rooms/den/notes/", {"title": "tea", "body": "y"}).status_code == 400
    assert "<script>x" not in client.get("/rooms/den/notes/").content.decode()
    other = write_note(room=den, by=ada, title="Cups", body="Four.")
    client.post(f"/rooms/den/notes/{other.pk}/", {"title": "Tea", "body": "y"})
    assert RoomNote.objects.get(pk=other.pk).title == "Cups"


@pytest.mark.parametrize(
    ("title", "body"),
    [("", "x"), ("x", " "), ("x" * 81, "x"), ("x", "x" * 4_001), ("x", "a\x00b"), ("a\u202eb", "x"), ("x", "\ud800")],
)
def test_what_cannot_be_a_note_is_refused(den: Room, ada: User, title: str, body: str) -> None:
    with pytest.raises(RoomsError):
        write_note(room=den, by=ada, title=title, body=body)


def test_a_notepad_is_full_some_time(den: Room, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents.services import notes

    monkeypatch.setattr(notes, "MOST", 2)
    for number in range(2):
        write_note(room=den, by=ada, title=f"{number}", body="x")
    with pytest.raises(Conflict):
        write_note(room=den, by=ada, title="3", body="x")


# --- over REST


def test_programs_write_read_change_and_delete_notes_by_their_titles(
    den: Room, ada: User, bob: User, eve: User, asking: Asking
) -> None:
    door = asking(bob)
    made = door("PUT", "rooms/den/notes/Blue%20tin/", {"body": "Assam."})
    assert (made.status, made["title"], made["author"]["username"]) == (201, "Blue tin", "bob")
    again = door("PUT", "rooms/den/notes/blue%20TIN/", {"body": "Darjeeling."})
    assert (again.status, again["title"], again["body"]) == (200, "Blue tin", "Darjeeling.")
    assert [note["title"] for note in asking(ada).get("rooms/den/notes/")["results"]] == ["Blue tin"]
    moved = door.patch("rooms/den/notes/Blue%20tin/", {"title": "Tea / herbs"})
    assert (moved.status, moved["title"], moved["body"]) == (200, "Tea / herbs", "Darjeeling.")
    assert door.get("rooms/den/notes/Tea%20%2F%20herbs/")["may_change"] is True
    assert asking(eve).get("rooms/den/notes/").status == 404
    assert asking(eve).get("rooms/den/notes/Tea%20%2F%20herbs/").status == 404
    assert door.delete("rooms/den/notes/Tea%20%2F%20herbs/").status == 204
    assert door.get("rooms/den/notes/Tea%20%2F%20herbs/").status == 404


def test_over_a_persons_note_only_they_and_moderators_write(
    den: Room, ada: User, bob: User, mod: User, gus: User, asking: Asking
) -> None:
    write_note(room=den, by=bob, title="Tin", body="Assam.")
    for tried in (
        asking(gus)("PUT", "rooms/den/notes/Tin/", {"body": "x"}),
        asking(gus).patch("rooms/den/notes/Tin/", {"body": "x"}),
        asking(gus).delete("rooms/den/notes/Tin/"),
        asking(mod, scopes=("read", "write")).delete("rooms/den/notes/Tin/"),
    ):
        assert tried.status == 403, tried
    assert RoomNote.objects.get().body == "Assam."
    assert asking(mod)("PUT", "rooms/den/notes/Tin/", {"body": "Empty."})["author"]["username"] == "mod"


def test_an_agents_note_is_for_whoever_may_speak(den: Room, bob: User, gus: User, echo: User, asking: Asking) -> None:
    write_note(room=den, by=echo, title="Tin", body="Assam.")
    assert asking(bob).get("rooms/den/notes/Tin/")["may_change"] is True
    assert asking(gus).patch("rooms/den/notes/Tin/", {"body": "Darjeeling."}).status == 200


def test_what_is_no_note_is_refused_with_the_field_that_is_wrong(den: Room, ada: User, asking: Asking) -> None:
    door = asking(ada)
    write_note(room=den, by=ada, title="Cups", body="Four.")
    for path, said, field in (
        ("Tea", {}, "body"),
        ("Tea", {"body": " "}, "body"),
        ("Tea", {"body": "x", "by": "bob"}, "by"),
        ("x" * 81, {"body": "x"}, "title"),
        ("a%E2%80%AEb", {"body": "x"}, "title"),
    ):
        answer = door("PUT", f"rooms/den/notes/{path}/", said)
        assert (answer.status, list(answer["fields"])) == (400, [field]), path
    door("PUT", "rooms/den/notes/Tea/", {"body": "x"})
    assert door.patch("rooms/den/notes/Tea/", {"title": "cups"}).status == 409
    assert door.patch("rooms/den/notes/Tea/", {}).status == 400
    assert door.post("rooms/den/notes/", {"title": "x", "body": "x"}).status == 405
