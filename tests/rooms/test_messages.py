from __future__ import annotations

import uuid

import pytest

from rooms.audience import Reader
from rooms.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from rooms.models import Event, Message, Report, Room, User
from rooms.reading import read_events, read_page, unread_counts
from rooms.services.memberships import remove_member
from rooms.services.messages import (
    edit_message,
    finish_message,
    interrupt_message,
    post_message,
    redact_message,
    save_progress,
    start_message,
    withdraw_message,
)
from rooms.services.reactions import add_reaction, mark_read, remove_reaction, report_message

pytestmark = pytest.mark.django_db

SECRET = "the code is 4711"


def said(room: Room, author: User, body: str, **facts: object) -> Message:
    return Message.objects.get(pk=post_message(room=room, author=author, body=body, **facts).message["id"])  # type: ignore[arg-type]


def log(room: Room) -> list[str]:
    return list(Event.objects.filter(room=room).values_list("type", flat=True))


def test_an_edit_keeps_what_stood_there_as_a_revision(den: Room, ada: User) -> None:
    message = edit_message(message=said(den, ada, "teh cat"), by=ada, body="the *cat*")
    assert (message.body, message.html) == ("the *cat*", "<p>the <em>cat</em></p>")
    assert message.edited_at is not None
    assert [revision.body for revision in message.revisions.all()] == ["teh cat"]
    assert log(den)[-1] == "message.edited"


def test_an_edit_that_changes_nothing_records_nothing(den: Room, ada: User) -> None:
    message = said(den, ada, "as it is")
    before = len(log(den))
    assert edit_message(message=message, by=ada, body="as it is").edited_at is None
    assert len(log(den)) == before


def test_an_edit_is_no_way_round_the_gates(den: Room, ada: User) -> None:
    with pytest.raises(Refused):
        edit_message(message=said(den, ada, "hello"), by=ada, body="https://x.example " * 20)


def test_nobody_edits_or_deletes_what_somebody_else_said(den: Room, ada: User, mod: User) -> None:
    message = said(den, ada, "mine")
    with pytest.raises(Forbidden):
        edit_message(message=message, by=mod, body="yours")
    with pytest.raises(Forbidden):
        withdraw_message(message=message, by=mod)


@pytest.mark.parametrize("way", ["withdrawn", "redacted"])
def test_recalled_words_are_gone_from_every_place_they_were_in(
    den: Room, ada: User, bob: User, mod: User, way: str
) -> None:
    message = said(den, ada, f"{SECRET} @bob")
    reply = said(den, bob, "thanks", reply_to=message.pk)
    edit_message(message=message, by=ada, body=f"{SECRET}!")
    if way == "withdrawn":
        withdraw_message(message=message, by=ada)
    else:
        redact_message(message=message, by=mod, reason="a secret")
    reader = Reader(bob.pk, "member")
    frames = "".join(frame.text for frame, _ in read_events(den, reader, 0).frames)
    assert SECRET not in frames
    assert SECRET not in read_page(den, reader).json().decode()
    assert list(message.revisions.values_list("body", flat=True)) == [""]
    shown = {m["id"]: m for m in read_page(den, reader).messages()}
    assert (shown[str(message.pk)]["state"], shown[str(message.pk)]["mentions"]) == (way, [])
    assert shown[str(reply.pk)]["reply"] is None


def test_a_message_is_recalled_once(den: Room, ada: User, mod: User) -> None:
    message = said(den, ada, "oops")
    withdraw_message(message=message, by=ada)
    with pytest.raises(Conflict):
        redact_message(message=message, by=mod)
    with pytest.raises(Conflict):
        edit_message(message=message, by=ada, body="back again")


def test_a_reply_takes_its_place_when_the_agent_begins_and_is_whole_when_it_ends(
    den: Room, ada: User, echo: User
) -> None:
    question = said(den, ada, "what do you think?")
    message = start_message(room=den, author=echo, run=uuid.uuid4(), reply_to=question)
    assert message.state == "writing"
    later = said(den, ada, "take your time")
    assert save_progress(message_id=message.pk, body="I thi")
    done = finish_message(message=message, body="I think **so**.")
    assert (done.seq, done.state, done.html) == (message.seq, "visible", "<p>I think <strong>so</strong>.</p>")
    assert done.seq < later.seq
    assert log(den)[-3:] == ["message.started", "message.posted", "message.finished"]
    with pytest.raises(Conflict):
        interrupt_message(message=done, body=None, notice="too late")
    assert not save_progress(message_id=message.pk, body="overwritten?")


def test_an_interrupted_reply_keeps_what_was_shown_and_says_why_it_stops(den: Room, echo: User) -> None:
    message = start_message(room=den, author=echo, run=uuid.uuid4())
    save_progress(message_id=message.pk, body="As far as I")
    done = interrupt_message(message=message, body=None, notice="The writer went away.")
    assert (done.body, done.state, done.notice) == ("As far as I", "interrupted", "The writer went away.")


def test_a_removed_agent_does_not_begin_to_write(den: Room, ada: User, echo: User) -> None:
    remove_member(room=den, user=echo, by=ada)
    with pytest.raises(NotFound):
        start_message(room=den, author=echo, run=uuid.uuid4())


def test_a_mark_counts_once_a_person_and_goes_again(den: Room, ada: User, bob: User) -> None:
    message = said(den, ada, "done!")
    assert add_reaction(message=message, user=bob, emoji="🎉")
    assert not add_reaction(message=message, user=bob, emoji="🎉")
    assert add_reaction(message=message, user=ada, emoji="🎉")
    shown = read_page(den, Reader(bob.pk, "member")).messages()[0]
    assert shown["reactions"] == [{"emoji": "🎉", "count": 2, "users": ["bob", "ada"]}]
    assert remove_reaction(message=message, user=bob, emoji="🎉")
    assert not remove_reaction(message=message, user=bob, emoji="🎉")


@pytest.mark.parametrize("emoji", ["", "ok", "<b>", "👍 👍", "👍" * 40, "a👍", "+1", "1", "👍+", "\x00", "\ufffd"])
def test_a_mark_is_an_emoji(den: Room, ada: User, emoji: str) -> None:
    with pytest.raises(Invalid):
        add_reaction(message=said(den, ada, "hm"), user=ada, emoji=emoji)


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍👩‍👧", "🇫🇷", "👍🏽", "✔️", "1️⃣", "#️⃣", "➕", "ℹ️", "↔️"])
def test_emoji_of_several_code_points_are_marks_too(den: Room, ada: User, emoji: str) -> None:
    assert add_reaction(message=said(den, ada, "hm"), user=ada, emoji=emoji)


def test_a_report_is_kept_once_a_person(den: Room, ada: User, bob: User) -> None:
    message = said(den, ada, "buy my thing")
    report_message(message=message, reporter=bob, reason="advertising")
    report_message(message=message, reporter=bob)
    assert [report.reason for report in Report.objects.all()] == ["advertising"]
    with pytest.raises(Forbidden):
        report_message(message=message, reporter=ada)


def test_unread_counts_what_others_said_that_i_may_read(den: Room, ada: User, bob: User, mod: User) -> None:
    said(den, ada, "one")
    said(den, bob, "mine")
    said(den, ada, "psst", visible_to=["mod"])
    assert unread_counts(bob.pk) == {den.pk: 1}
    den.refresh_from_db()
    assert mark_read(room=den, user=bob, seq=10_000) == den.last_seq
    assert mark_read(room=den, user=bob, seq=1) == den.last_seq
    assert unread_counts(bob.pk) == {den.pk: 0}
    assert unread_counts(mod.pk) == {den.pk: 3}
