"""A question asked in other words shows the same files, and what becomes of one of the two is nothing to the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.storage import default_storage

from agents.llm.scripted import Scripted
from agents.models import Branch, Seat
from agents.services import branch
from agents.tasks import wake
from rooms.errors import Conflict, NotFound
from rooms.models import Attachment, Message, Room, User
from rooms.services import copying
from rooms.services.attachments import remove_attachment
from rooms.services.messages import redact_message, withdraw_message
from tests.files import attached
from tests.plugins.rest import Answer, Asking

from .asking import event_of, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def question(den: Room, ada: User) -> Message:
    files = [attached(den, ada, alt="A cat"), attached(den, ada, "notes.txt", b"of cats")]
    return say(den, ada, "@echo what is this?", attachments=[file.pk for file in files])


def in_other_words(asking: Asking, who: User, message: Message, **facts: str) -> Answer:
    return asking(who).post(f"messages/{message.pk}/branch/", {"body": "@echo and what is that?", **facts})


def files_of(message: Message) -> list[Attachment]:
    return list(Attachment.objects.filter(message=message).order_by("place"))


def paths_of(files: list[Attachment]) -> list[str]:
    return [path for file in files for path in file.paths]


def known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("id", "url", "thumbnail")}


def test_the_new_question_shows_the_files_and_the_agent_is_told_of_them(
    asking: Asking, ada: User, bob: User, eve: User, seat: Seat, question: Message, scripted: Scripted
) -> None:
    first = asking(bob).get(f"messages/{question.pk}/")["attachments"]
    posted = in_other_words(asking, ada, question)
    assert posted.status == 201, posted
    assert [known(one) for one in posted["attachments"]] == [known(one) for one in first]
    assert {one["id"] for one in posted["attachments"]}.isdisjoint(one["id"] for one in first)
    for one, before in zip(posted["attachments"], first, strict=True):
        assert asking(bob).get(one["url"]).response.content == asking(bob).get(before["url"]).response.content
        assert asking(eve).get(one["url"]).status == 404
    assert asking(bob).get(posted["attachments"][0]["thumbnail"]).status == 200
    scripted.says("A cat.")
    wake(event_of(Branch.objects.get().message).pk)
    told = scripted.requests[-1].turns[-1].content
    assert "[image: cat.png, 64×48, A cat]" in told
    assert "[file: notes.txt" in told


def test_what_was_whispered_with_a_file_is_branched_for_the_same_people(
    asking: Asking, den: Room, ada: User, bob: User, mod: User
) -> None:
    whisper = say(den, ada, "psst", attachments=[attached(den, ada).pk], visible_to=["bob"])
    (file,) = in_other_words(asking, ada, whisper)["attachments"]
    assert [asking(who).get(file["url"]).status for who in (ada, bob, mod)] == [200, 200, 404]


@pytest.mark.parametrize("goes", ["the first", "the second"])
@pytest.mark.parametrize("way", ["withdrawn", "redacted"])
def test_the_files_of_one_go_with_it_and_the_other_keeps_its_own(
    asking: Asking, ada: User, mod: User, question: Message, goes: str, way: str
) -> None:
    posted = in_other_words(asking, ada, question)
    both = [question, Message.objects.get(pk=posted["id"])]
    gone, stays = both if goes == "the first" else both[::-1]
    lost, kept = paths_of(files_of(gone)), paths_of(files_of(stays))
    if way == "withdrawn":
        withdraw_message(message=gone, by=ada)
    else:
        redact_message(message=gone, by=mod)
    assert not files_of(gone)
    assert not any(default_storage.exists(path) for path in lost)
    assert all(default_storage.exists(path) for path in kept)
    assert len(asking(mod).get(f"messages/{stays.pk}/")["attachments"]) == 2


def test_sent_again_it_is_the_same_message_and_no_file_is_copied_twice(
    asking: Asking, ada: User, question: Message
) -> None:
    first = in_other_words(asking, ada, question, client_id="1")
    again = in_other_words(asking, ada, question, client_id="1")
    assert (again.status, again["id"]) == (200, first["id"])
    withdraw_message(message=Message.objects.get(pk=first["id"]), by=ada)
    assert in_other_words(asking, ada, question, client_id="1").status == 200, "also after its files are gone"
    assert in_other_words(asking, ada, question, client_id="1", body="other").status == 409
    assert Attachment.objects.count() == 2


def test_of_two_that_are_sent_at_once_one_is_kept_and_no_file_is_left_over(ada: User, question: Message) -> None:
    def send(_: int) -> bool:
        return branch(message=question, by=ada, body="@echo that?", client_id="1").created

    with ThreadPoolExecutor(2) as pool:
        created = sorted(pool.map(send, range(2)))
    assert created == [False, True]
    assert Attachment.objects.count() == 4
    assert not Attachment.objects.filter(message=None).exists()


def test_copies_count_like_uploads_and_none_is_left_of_a_question_that_was_refused(
    asking: Asking, ada: User, bob: User, question: Message, settings: Any
) -> None:
    before = files_on_disk()
    settings.UPLOADS_PER_MINUTE = 1
    refused = in_other_words(asking, ada, question)
    assert (refused.status, refused["code"]) == (429, "rate_limited")
    settings.UPLOADS_PER_MINUTE = 0
    assert in_other_words(asking, ada, question, body="x" * 40_000).status in (400, 413)
    assert in_other_words(asking, ada, question, body=" \n ").status == 400, "it is words that are asked for"
    assert in_other_words(asking, bob, question).status == 403
    assert Attachment.objects.count() == 2
    assert files_on_disk() == before


def files_on_disk() -> set[str]:
    folders = default_storage.listdir("attachments")[0]
    return {name for folder in folders for name in default_storage.listdir(f"attachments/{folder}")[1]}


@pytest.mark.parametrize("taken", ["one file", "the message"])
def test_what_is_taken_away_while_it_is_copied_does_not_come_back(
    ada: User, mod: User, question: Message, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    count = copying.count_upload
    first = files_of(question)[0]

    def meanwhile(user: User) -> None:
        count(user)
        if taken == "the message":
            redact_message(message=Message.objects.get(pk=question.pk), by=mod)
        else:
            remove_attachment(attachment=Attachment.objects.get(pk=first.pk), by=mod)
        monkeypatch.setattr(copying, "count_upload", count)

    monkeypatch.setattr(copying, "count_upload", meanwhile)
    with pytest.raises((Conflict, NotFound)):
        branch(message=question, by=ada, body="@echo that?")
    assert not Attachment.objects.filter(message=None).exists()
    assert not Branch.objects.exists()


def test_a_file_that_the_storage_has_lost_is_said_and_nothing_is_asked(
    asking: Asking, ada: User, question: Message
) -> None:
    default_storage.delete(files_of(question)[1].paths[0])
    refused = in_other_words(asking, ada, question)
    assert (refused.status, refused["detail"]) == (409, "«notes.txt» is not there any more.")
    assert Attachment.objects.count() == 2


def test_the_page_says_that_the_files_go_along(client: Any, ada: User, bob: User, den: Room, question: Message) -> None:
    client.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert b"Its files go along." in client.get(f"/messages/{question.pk}/branch/").content
    plain = say(den, ada, "hello")
    assert b"files" not in client.get(f"/messages/{plain.pk}/branch/?piece").content
    client.post(f"/messages/{question.pk}/branch/", {"body": "@echo that?"})
    assert len(files_of(Branch.objects.get().message)) == 2
