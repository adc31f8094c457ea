"""Files at the door: who may upload, who may look, and what a browser is told about what it gets."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage

from agents.services import create_agent, seat_agent
from rooms.api import present
from rooms.models import Attachment, Message, Room, User
from rooms.services.memberships import begin_membership, remove_member
from rooms.services.messages import post_message
from rooms.services.rooms import delete_room
from tests.files import SCRIPT, attached, opened, picture
from tests.plugins.rest import Asking, Caller, token_of

pytestmark = pytest.mark.django_db(transaction=True)

FACTS = {"id", "name", "kind", "type", "size", "width", "height", "alt", "url", "thumbnail"}


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def posted(room: Room, author: User, *files: Attachment, **facts: Any) -> dict[str, Any]:
    ids = [one.pk for one in files]
    return post_message(room=room, author=author, body="look", attachments=ids, **facts).message


def seen_by(asking: Asking, file: Attachment, *people: User) -> list[list[int]]:
    """What facts, content and thumbnail answer each of them."""
    address = f"attachments/{file.pk}/"
    return [[asking(one).get(f"{address}{part}").status for part in ("", "content/", "thumbnail/")] for one in people]


YES, NO = [200] * 3, [404] * 3


def test_bob_uploads_and_sends_and_everybody_in_the_den_sees_it(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, gus: User, eve: User
) -> None:
    uploaded = asking(bob).upload("den", "cat.png", picture(size=(90, 60)), alt="A cat, asleep")
    assert uploaded.status == 201
    assert set(uploaded.json) == FACTS
    assert (uploaded["name"], uploaded["type"], uploaded["alt"]) == ("cat.png", "image/png", "A cat, asleep")
    assert (uploaded["width"], uploaded["height"]) == (90, 60)
    file = Attachment.objects.get()
    assert seen_by(asking, file, bob, ada, mod, gus, eve) == [YES, NO, NO, NO, NO]
    said = {"attachments": [uploaded["id"]], "client_id": "c1"}
    message = asking(bob).post("rooms/den/messages/", said)
    assert message.status == 201
    assert (message["body"], message["attachments"]) == ("", [uploaded.json])
    again = asking(bob).post("rooms/den/messages/", said)
    assert (again.status, again.json) == (200, message.json)
    assert seen_by(asking, file, bob, ada, mod, gus, eve) == [YES, YES, YES, YES, NO]
    assert asking(gus).get("rooms/den/messages/")["results"] == [message.json]
    frames = asking(gus).get("rooms/den/events/?after=0")["results"]
    assert frames[-1]["data"]["message"]["attachments"] == [uploaded.json]


def test_an_upload_is_for_those_who_may_speak(asking: Asking, den: Room, square: Room, bob: User, eve: User) -> None:
    assert asking(eve).upload("den", "cat.png", picture()).status == 404
    assert asking(eve).upload("square", "cat.png", picture()).status == 403
    assert asking(None).upload("den", "cat.png", picture()).status == 401
    assert asking(bob, scopes=("read",)).upload("den", "cat.png", picture()).status == 403
    assert asking(bob, rooms=(square,)).upload("den", "cat.png", picture()).status == 404
    begin_membership(room=square, user=eve, role="member", by=den.created_by)
    assert asking(eve).upload("square", "cat.png", picture()).status == 201
    assert asking(eve).post("rooms/den/messages/", {"attachments": [str(Attachment.objects.get().pk)]}).status == 404


def test_python_and_postgresql_tell_the_same_of_a_file(den: Room, bob: User) -> None:
    for file in (attached(den, bob, alt="a cat"), attached(den, bob, "a.txt", b"abc")):
        (told,) = posted(den, bob, file)["attachments"]
        file.refresh_from_db()
        assert told == present.attachment(file)


def test_a_whispered_file_is_for_those_it_is_whispered_to(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, gus: User
) -> None:
    file = attached(den, ada)
    posted(den, ada, file, visible_to=["bob"])
    assert seen_by(asking, file, ada, bob, mod, gus) == [YES, YES, NO, NO]


def test_a_held_file_is_for_its_author_and_moderators(
    asking: Asking, den: Room, ada: User, bob: User, mod: User, gus: User
) -> None:
    file = attached(den, bob)
    message = posted(den, bob, file)
    Message.objects.filter(pk=message["id"]).update(state="held")
    assert seen_by(asking, file, bob, mod, ada, gus) == [YES, YES, YES, NO]


def test_what_is_taken_back_or_redacted_is_gone_for_everybody(
    asking: Asking, den: Room, ada: User, bob: User, mod: User
) -> None:
    mine, rude = attached(den, bob), attached(den, ada)
    withdrawn, redacted = posted(den, bob, mine), posted(den, ada, rude)
    assert asking(bob).delete(f"messages/{withdrawn['id']}/").status == 204
    assert asking(mod).delete(f"messages/{redacted['id']}/").status == 204
    assert seen_by(asking, mine, bob, mod) == seen_by(asking, rude, ada, mod) == [NO, NO]
    for message in asking(mod).get("rooms/den/messages/")["results"]:
        assert message["attachments"] == []


def test_who_is_sent_out_sees_nothing_any_more_not_even_what_waits(
    asking: Asking, den: Room, ada: User, bob: User, mod: User
) -> None:
    sent, waiting = attached(den, bob), attached(den, bob)
    posted(den, bob, sent)
    remove_member(room=den, user=bob, by=mod)
    assert seen_by(asking, sent, bob, ada) == [NO, YES]
    assert seen_by(asking, waiting, bob, ada) == [NO, NO]
    assert asking(bob).delete(f"attachments/{waiting.pk}/").status == 404


def test_nothing_of_a_deleted_room_is_served(asking: Asking, den: Room, ada: User) -> None:
    file = attached(den, ada)
    posted(den, ada, file)
    delete_room(room=den, by=ada)
    assert seen_by(asking, file, ada) == [NO]


def test_a_token_bound_to_another_room_sees_no_file_of_this_one(
    asking: Asking, den: Room, square: Room, ada: User
) -> None:
    file = attached(den, ada)
    posted(den, ada, file)
    elsewhere, here = (Caller(secret=token_of(ada, rooms=(room,))) for room in (square, den))
    assert elsewhere.get(f"attachments/{file.pk}/content/").status == 404
    assert here.get(f"attachments/{file.pk}/content/").status == 200


def test_who_may_remove_what(asking: Asking, den: Room, ada: User, bob: User, mod: User, eve: User) -> None:
    waiting, sent, other = attached(den, bob), attached(den, bob), attached(den, bob)
    posted(den, bob, sent, other)
    for person, file, status in (
        (eve, waiting, 404), (mod, waiting, 404), (bob, waiting, 204), (bob, waiting, 404),
        (eve, sent, 404), (bob, sent, 409), (mod, sent, 204), (mod, sent, 404),
    ):  # fmt: skip
        assert asking(person).delete(f"attachments/{file.pk}/").status == status
    assert asking(ada).get("rooms/den/messages/")["results"][0]["attachments"][0]["id"] == str(other.pk)


# --- what a browser gets


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<!doctype html>" + SCRIPT),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>"),
        ("cat.png", b"<html>" + SCRIPT),
    ],
)
def test_a_page_in_disguise_is_only_ever_a_download(
    asking: Asking, den: Room, bob: User, name: str, content: bytes
) -> None:
    url = asking(bob).upload("den", name, content)["url"]
    answer = asking(bob).get(url)
    assert answer.response.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert asking(bob).get(f"attachments/{Attachment.objects.get().pk}/thumbnail/").status == 404


def test_a_picture_is_shown_sealed_and_kept_by_nobody_on_the_way(asking: Asking, den: Room, bob: User) -> None:
    uploaded = asking(bob).upload("den", "cat.gif", picture("GIF"))
    for path, kind in ((uploaded["url"], "image/gif"), (uploaded["thumbnail"], "image/webp")):
        answer = asking(bob).get(path)
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert opened(answer.response.content).format == kind.removeprefix("image/").upper()
    assert asking(bob).get(uploaded["url"]).headers["Content-Disposition"] == 'inline; filename="cat.gif"'


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a"b.txt', 'attachment; filename="a\\"b.txt"'),
        ("grüße.txt", "attachment; filename*=utf-8''gr%C3%BC%C3%9Fe.txt"),
        ("a\\..\\b.txt", 'attachment; filename="b.txt"'),
    ],
)
def test_the_name_of_a_download_breaks_no_header(asking: Asking, den: Room, bob: User, name: str, header: str) -> None:
    file = attached(den, bob, name, b"words")
    answer = asking(bob).get(f"attachments/{file.pk}/content/")
    assert answer.headers["Content-Disposition"] == header


def test_a_file_that_the_storage_has_lost_is_not_there(asking: Asking, den: Room, bob: User) -> None:
    file = attached(den, bob)
    default_storage.delete(file.paths[0])
    assert asking(bob).get(f"attachments/{file.pk}/content/").status == 404


# --- bad requests


def test_what_is_no_upload_is_refused_with_the_field(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    for answer in (
        ask.post("rooms/den/attachments/", raw=b"--x--\r\n", content_type="multipart/form-data; boundary=x"),
        ask.upload("den", "empty.txt", b""),
        ask.upload("den", "cat.png", picture()[:60]),
    ):
        assert (answer.status, answer["code"], list(answer["fields"])) == (400, "invalid", ["file"]), answer
    for field, value in (("alt", "x" * 281), ("alt", "two\nlines"), ("colour", "red")):
        answer = ask.upload("den", "cat.png", picture(), **{field: value})
        assert (answer.status, list(answer["fields"])) == (400, [field])
    assert ask.post("rooms/den/attachments/", {"file": "x"}).status == 415
    broken = ask.post("rooms/den/attachments/", raw=b"nonsense", content_type="multipart/form-data")
    assert (broken.status, broken["code"]) == (400, "invalid")
    assert not Attachment.objects.exists()


def test_what_is_too_long_is_refused_with_a_sentence(asking: Asking, den: Room, bob: User, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 2 * 1024 * 1024
    answer = asking(bob).upload("den", "film.bin", b"x" * (3 * 1024 * 1024))
    assert (answer.status, answer["code"]) == (413, "too_large")
    assert answer["detail"] == "A file may have 2 MB at most; this one has 3 MB."


def test_a_page_of_another_site_uploads_nothing_with_bobs_cookie(asking: Asking, den: Room, bob: User) -> None:
    browser = Caller(session_of=bob)
    assert browser.upload("den", "cat.png", picture()).status == 403
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "attachments",
    ["cat.png", ["cat.png"], [1], [None], {}, [["x"]], ["0192f0c1-2345-7000-8000-000000000000"] * 2, ["x"] * 11],
)
def test_what_names_no_files_is_refused_with_the_field(asking: Asking, den: Room, bob: User, attachments: Any) -> None:
    answer = asking(bob).post("rooms/den/messages/", {"body": "hi", "attachments": attachments})
    assert (answer.status, list(answer["fields"])) == (400, ["attachments"])
    assert not Message.objects.exists()


def test_a_file_goes_with_a_question_to_several_agents_too(asking: Asking, den: Room, ada: User, bob: User) -> None:
    seat_agent(room=den, agent=create_agent(owner=ada, username="sage", display_name="Sage"), by=ada)
    file = str(attached(den, bob).pk)
    assert asking(bob).post("rooms/den/ask/", {"coordination": "parallel"}).status == 400
    asked = asking(bob).post("rooms/den/ask/", {"coordination": "parallel", "attachments": [file]})
    assert (asked.status, [one["id"] for one in asked["attachments"]]) == (201, [file])
