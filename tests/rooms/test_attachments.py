"""Files as services keep them: taken in, put into messages once, and gone with whatever they hung on."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connections, transaction
from django.db.models import F

from rooms.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, TooLarge
from rooms.models import Attachment, Event, Message, Room, Tally, User
from rooms.services import attachments
from rooms.services.attachments import remove_attachment
from rooms.services.leftovers import forget_orphans, forget_unposted
from rooms.services.messages import edit_message, post_message, redact_message, withdraw_message
from rooms.services.rooms import delete_room
from tests.files import TURN_RIGHT, WHERE, attached, bomb, file, film, opened, picture, polyglot, taken_somewhere

pytestmark = pytest.mark.django_db(transaction=True)


def says(room: Room, author: User, *files: Attachment, body: str = "", **facts: Any) -> Message:
    posted = post_message(room=room, author=author, body=body, attachments=[one.pk for one in files], **facts)
    return Message.objects.get(pk=posted.message["id"])


def stored(attachment: Attachment) -> list[bool]:
    return [default_storage.exists(path) for path in attachment.paths]


def read(attachment: Attachment, field: str = "file") -> bytes:
    with getattr(attachment, field).open("rb") as opened:
        return opened.read()


# --- what is taken in


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_known_by_its_content_and_measured(den: Room, bob: User, format: str) -> None:
    found = attached(den, bob, "readme.txt", picture(format, (90, 60)))
    assert (found.kind, found.content_type) == ("image", f"image/{format.lower()}")
    assert (found.width, found.height, found.size) == (90, 60, len(read(found)))
    assert opened(read(found)).format == format
    assert opened(read(found, "thumbnail")).format == "WEBP"
    assert opened(read(found, "view")).format == "JPEG"


def test_where_a_photograph_was_taken_stays_with_bob_and_it_stands_upright(den: Room, bob: User) -> None:
    given = taken_somewhere((80, 40))
    assert WHERE in given
    found = attached(den, bob, "beach.jpg", given)
    assert (found.width, found.height) == (40, 80)
    for field in ("file", "thumbnail", "view"):
        content = read(found, field)
        assert WHERE not in content
        assert opened(content).getexif().get(0x0112, 1) != TURN_RIGHT
        assert opened(content).height > opened(content).width


def test_a_large_picture_is_kept_smaller_and_shown_smaller_still(den: Room, bob: User) -> None:
    found = attached(den, bob, "wide.png", picture(size=(5000, 1000)))
    assert (found.width, found.height) == (4096, 819)
    assert opened(read(found, "view")).size == (1024, 205)
    assert opened(read(found, "thumbnail")).size == (640, 128)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_a_film_goes_on_moving_and_is_still_in_the_conversation(den: Room, bob: User, format: str) -> None:
    found = attached(den, bob, "party", film(format))
    assert opened(read(found)).n_frames == 4  # type: ignore[attr-defined]
    assert getattr(opened(read(found, "thumbnail")), "n_frames", 1) == 1


def test_what_hides_behind_a_picture_is_not_kept(den: Room, bob: User) -> None:
    found = attached(den, bob, "cat.gif", polyglot())
    assert b"script" not in read(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.png", b"<!doctype html><script>alert(1)</script>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("notes.txt", b"milk, bread"),
        ("cat.bmp", b"BM" + b"\0" * 60),
    ],
)
def test_everything_else_is_kept_as_it_came_and_taken_for_nothing(
    den: Room, bob: User, name: str, content: bytes
) -> None:
    found = attached(den, bob, name, content)
    assert (found.kind, found.content_type) == ("file", "application/octet-stream")
    assert (found.width, found.paths[1:]) == (None, [])
    assert read(found) == content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (picture("JPEG", (400, 300))[:300], "damaged"),
        (picture("PNG", (400, 300))[:-40], "damaged"),
        (b"GIF89a" + b"<script>" * 40, "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
    ],
)
def test_a_file_that_is_no_good_is_refused_in_words(den: Room, bob: User, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        attached(den, bob, "cat.png", content)
    assert sentence in (refused.value.fields or {})["file"][0]
    assert not Attachment.objects.exists()


def test_what_would_fill_the_memory_is_refused_before_it_does(den: Room, bob: User, settings: Any) -> None:
    with pytest.raises(TooLarge, match="million pixels"):
        attached(den, bob, "bomb.png", bomb())
    settings.ATTACHMENT_MAX_PIXELS = 24 * 24 * 3
    with pytest.raises(TooLarge, match="all frames"):
        attached(den, bob, "film.gif", film(frames=4))
    settings.ATTACHMENT_MAX_BYTES = 2048
    with pytest.raises(TooLarge, match="A file may have"):
        attached(den, bob, "long.txt", b"x" * 2049)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\bob\\cat.png", "cat.png"),
        ("two\r\nlines\t.txt", "twolines .txt"),
        ("exe.\u202egnp.scr", "exe.gnp.scr"),
        ("  spaced   out .md", "spaced out .md"),
        ("...", "file"),
        ("", "file"),
        ("Übung № 3 – 🎉.pdf", "Übung № 3 – 🎉.pdf"),
        ("x" * 300 + ".tar.gz", "x" * 117 + ".gz"),
    ],
)
def test_a_name_is_one_line_that_is_what_it_seems(given: str, name: str) -> None:
    assert attachments.clean_name(given).replace(".tar", "") == name or len(attachments.clean_name(given)) == 120
    assert attachments.clean_name(given).endswith(name[-3:])


def test_no_name_of_bobs_is_a_path_of_ours(den: Room, bob: User) -> None:
    found = attached(den, bob, "../../evil.html", b"<b>hi</b>")
    (path,) = found.paths
    assert "evil" not in path
    assert path.startswith("attachments/")
    assert len(found.key) == 40


def test_so_many_a_minute_and_so_many_unsent(den: Room, bob: User, gus: User, settings: Any) -> None:
    settings.UPLOADS_PER_MINUTE, settings.UPLOADS_PER_MINUTE_GUEST = 3, 1
    attached(den, gus)
    with pytest.raises(RateLimited, match=r"You have uploaded 1 file within a minute. You can go on in"):
        attached(den, gus)
    for _ in range(3):
        attached(den, bob)
    with pytest.raises(RateLimited, match="3 files"):
        attached(den, bob)
    Tally.objects.update(since=F("since") - timedelta(minutes=1))
    with patch.object(attachments, "MOST_WAITING", 3), pytest.raises(Conflict, match="not sent"):
        attached(den, bob)


def test_a_failure_between_file_and_row_leaves_no_file(den: Room, bob: User) -> None:
    with patch.object(Attachment, "save", side_effect=IntegrityError), pytest.raises(IntegrityError):
        attached(den, bob)
    assert not list(walked())


def walked() -> list[str]:
    root = default_storage.path("attachments")
    return [os.path.join(at, name) for at, _, names in os.walk(root) for name in names]


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


# --- in messages


def test_a_message_carries_its_files_in_order_and_may_say_nothing_besides(den: Room, bob: User) -> None:
    one, two = attached(den, bob, "one.png"), attached(den, bob, "two.txt", b"2")
    message = post_message(room=den, author=bob, body="", attachments=[two.pk, one.pk]).message
    assert [(file["name"], file["kind"]) for file in message["attachments"]] == [
        ("two.txt", "file"),
        ("one.png", "image"),
    ]
    assert (message["body"], message["html"]) == ("", "")
    assert Message.objects.get().attached == 2
    with pytest.raises(Invalid):
        post_message(room=den, author=bob, body="  ")


def test_only_ones_own_from_the_same_room_and_only_once(
    den: Room, square: Room, ada: User, bob: User, settings: Any
) -> None:
    settings.SENDS_PER_MINUTE = 20
    hers, elsewhere, used = attached(den, ada), attached(square, bob), attached(den, bob)
    says(den, bob, used)
    fresh = attached(den, bob)
    for wrong in ([hers], [elsewhere], [used], [fresh, used], [fresh, fresh], [fresh] * 11):
        with pytest.raises(Invalid) as refused:
            says(den, bob, *wrong, body="look")
        assert list(refused.value.fields or {}) == ["attachments"]
    assert Message.objects.count() == 1
    assert Event.objects.filter(type="message.posted").count() == 1
    assert Tally.objects.get(user=bob, what="send").used == 1
    assert Attachment.objects.filter(message=None).count() == 3


def test_the_same_again_is_the_same_message_and_with_another_file_a_conflict(den: Room, bob: User) -> None:
    first, second = attached(den, bob), attached(den, bob)
    posted = post_message(room=den, author=bob, body="", client_id="c1", attachments=[first.pk])
    again = post_message(room=den, author=bob, body="", client_id="c1", attachments=[first.pk])
    assert (posted.created, again.created) == (True, False)
    assert again.message == posted.message
    with pytest.raises(Conflict):
        post_message(room=den, author=bob, body="", client_id="c1", attachments=[second.pk])
    with pytest.raises(Conflict):
        post_message(room=den, author=bob, body="words", client_id="c1")


def test_of_two_who_send_one_file_at_once_exactly_one_does(den: Room, bob: User) -> None:
    for _ in range(5):
        wanted = attached(den, bob)

        def send(number: int, wanted: Attachment = wanted) -> bool:
            try:
                return bool(says(den, bob, wanted, body=str(number)))
            except Invalid:
                return False
            finally:
                connections.close_all()

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(send, range(6))) == 1
    assert Message.objects.count() == 5
    assert list(Message.objects.values_list("attached", flat=True)) == [1] * 5


def test_who_may_not_speak_sends_no_file_and_keeps_it(den: Room, bob: User, mod: User) -> None:
    from rooms.services.memberships import remove_member

    waiting = attached(den, bob)
    remove_member(room=den, user=bob, by=mod)
    with pytest.raises(NotFound):
        says(den, bob, waiting)
    waiting.refresh_from_db()
    assert waiting.message_id is None


def test_an_edit_keeps_the_files_and_may_take_away_all_words(den: Room, bob: User) -> None:
    message = says(den, bob, attached(den, bob), body="this")
    edited = edit_message(message=message, by=bob, body="")
    assert (edited.body, edited.attached, edited.attachments.count()) == ("", 1, 1)


def test_a_reply_to_a_picture_quotes_its_name(den: Room, ada: User, bob: User) -> None:
    message = says(den, bob, attached(den, bob, "cat.png"))
    reply = post_message(room=den, author=ada, body="aww", reply_to=message.pk).message
    assert reply["reply"]["excerpt"] == "cat.png"


# --- forgotten


@pytest.mark.parametrize("way", ["withdraw", "redact", "delete the room", "delete the row", "delete the room's row"])
def test_files_go_with_what_they_hung_on(den: Room, ada: User, bob: User, way: str) -> None:
    file = attached(den, bob)
    message = says(den, bob, file, body="look")
    assert stored(file) == [True] * 3
    match way:
        case "withdraw":
            withdraw_message(message=message, by=bob)
        case "redact":
            redact_message(message=message, by=ada)
        case "delete the room":
            delete_room(room=den, by=ada)
        case "delete the row":
            message.delete()
        case "delete the room's row":
            den.delete()
    assert stored(file) == [False] * 3
    assert not Attachment.objects.exists()
    assert not Message.objects.filter(attached__gt=0).exists()


def test_a_change_that_is_taken_back_leaves_the_files(den: Room, bob: User) -> None:
    file = attached(den, bob)
    message = says(den, bob, file, body="look")
    with transaction.atomic():
        withdraw_message(message=message, by=bob)
        transaction.set_rollback(True)
    assert stored(file) == [True] * 3


def test_what_waits_is_its_uploaders_to_remove(den: Room, bob: User, mod: User) -> None:
    file = attached(den, bob)
    with pytest.raises(Forbidden):
        remove_attachment(attachment=file, by=mod)
    remove_attachment(attachment=file, by=bob)
    assert stored(file) == [False] * 3
    with pytest.raises(NotFound):
        remove_attachment(attachment=file, by=bob)


def test_a_moderator_takes_one_file_out_and_the_last_of_all_with_the_message(den: Room, bob: User, mod: User) -> None:
    one, two = attached(den, bob), attached(den, bob)
    message = says(den, bob, one, two)
    one.refresh_from_db()
    remove_attachment(attachment=one, by=mod)
    message.refresh_from_db()
    assert (message.attached, message.state) == (1, "visible")
    assert Event.objects.filter(message=message).latest("seq").type == "message.edited"
    two = Attachment.objects.get()
    remove_attachment(attachment=two, by=mod)
    message.refresh_from_db()
    assert (message.attached, message.state) == (0, "redacted")
    assert stored(one) == stored(two) == [False] * 3


def test_what_nobody_sends_within_a_day_is_forgotten(den: Room, bob: User) -> None:
    old, new, sent = attached(den, bob), attached(den, bob), attached(den, bob)
    says(den, bob, sent)
    Attachment.objects.exclude(pk=new.pk).update(created_at=F("created_at") - timedelta(days=2))
    assert forget_unposted() == 1
    assert (stored(old), stored(new), stored(sent)) == ([False] * 3, [True] * 3, [True] * 3)


def test_files_without_a_row_are_swept_up_within_a_day(den: Room, bob: User) -> None:
    kept, lost, fresh = attached(den, bob), attached(den, bob), attached(den, bob)
    Attachment.objects.filter(pk__in=[lost.pk, fresh.pk])._raw_delete("default")
    long_ago = time.time() - 7200
    for path in [*kept.paths, *lost.paths]:
        os.utime(default_storage.path(path), (long_ago, long_ago))
    assert sum(forget_orphans(hour) for hour in range(24)) == 3
    assert (stored(kept), stored(lost), stored(fresh)) == ([True] * 3, [False] * 3, [True] * 3)
    assert file().name == "cat.png"
