"""One drawing of a message, wherever it is drawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson
import pytest

from rooms.access import reader_in
from rooms.live.channels import with_article
from rooms.models import Message
from rooms.reading import read_events, read_message
from rooms.services.messages import finish_message, interrupt_message, redact_message, start_message, withdraw_message
from rooms.services.reactions import add_reaction
from rooms.web.drawing import draw_message, draw_timeline

PLACE = re.compile(r" is-(joined|answer)")


def article(html: str, id: str) -> str:
    """One article out of a page, without what only its place there says."""
    found = re.search(rf'<article class="[^"]*" id="m-{id}".*?</article>', html, re.DOTALL)
    assert found, id
    return PLACE.sub("", found[0])


def test_page_history_piece_and_frame_show_the_same_article(den, ada, bob, echo, say, browser_of):
    asked = say(bob, "**hello** @ada `x < y`\n\n| a | b |\n|---|--:|\n| 1 | 2 |")
    add_reaction(message=Message.objects.get(pk=asked["id"]), user=ada, emoji="🎉")
    say(ada, "back to you", reply_to=asked["id"], client_id="c1")
    say(ada, "only us", visible_to=["bob"])
    withdraw_message(message=Message.objects.get(pk=say(bob, "oops")["id"]), by=bob)
    redact_message(message=Message.objects.get(pk=say(bob, "worse")["id"]), by=ada)
    finish_message(message=start_message(room=den, author=echo, run=uuid4()), body="done")
    interrupt_message(message=start_message(room=den, author=echo, run=uuid4()), body="half", notice="Broke off.")
    start_message(room=den, author=echo, run=uuid4(), reply_to=Message.objects.get(pk=asked["id"]))
    client = browser_of(bob)
    page = client.get("/rooms/den/").content.decode()
    history = client.get("/rooms/den/history?after=0").content.decode()
    reader = reader_in(bob, den)
    frames = [frame for frame, is_readable in read_events(den, reader, 0).frames if is_readable]
    articles = {}
    for frame in frames:
        drawn = orjson.loads(with_article(frame))
        if "article" in drawn:
            articles[drawn["data"]["message"]["id"]] = drawn["article"]
    ids = [str(message.pk) for message in Message.objects.filter(room=den)]
    assert len(ids) == 8
    assert set(articles) == set(ids)
    for id in ids:
        piece = client.get(f"/rooms/den/messages/{id}/?piece").content.decode()
        assert piece == draw_message(read_message(reader, UUID(id)))
        assert article(page, id) == article(history, id) == article(piece, id) == article(articles[id], id)


def test_nothing_in_the_drawing_depends_on_who_looks(den, ada, bob, say, browser_of):
    id = say(bob, "hello @ada")["id"]
    pieces = [browser_of(who).get(f"/rooms/den/messages/{id}/?piece").content for who in (ada, bob)]
    assert pieces[0] == pieces[1]


def test_recalled_words_are_nowhere_in_the_drawing(den, ada, bob, say, browser_of):
    id = say(bob, "the secret recipe")["id"]
    say(ada, "what?", reply_to=id)
    redact_message(message=Message.objects.get(pk=id), by=ada)
    page = browser_of(bob).get("/rooms/den/").content.decode()
    assert "secret recipe" not in page
    assert "Removed by a moderator" in page
    assert "a message that is no longer here" in page


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</article></main>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_words_and_notices_are_text(den, ada, bob, say, browser_of, text):
    bob.display_name = text[:64]
    bob.save(update_fields=["display_name"])
    id = say(bob, text)["id"]
    say(ada, text, reply_to=id)
    Message.objects.filter(pk=id).update(notice=text)
    page = browser_of(ada).get("/rooms/den/").content.decode()
    assert text not in page
    assert page.count("</article>") == page.count("<article")


FIRST = str(UUID(int=1))


def message(seq, author="ada", minutes=0, **more):
    at = datetime(2026, 3, 1, 22, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    return {
        "id": str(UUID(int=seq)), "seq": seq, "room": "den", "body": "", "html": "", "state": "visible", "mentions": [],
        "author": {"username": author, "display_name": author, "kind": "human"}, "reply_to": None, "reply": None,
        "visible_to": None, "reactions": [], "run": None, "notice": "", "client_id": "", "edited_at": None,
        "created_at": at.isoformat(), **more,
    }  # fmt: skip


def places(messages, **options):
    drawn = draw_timeline(messages, **options)
    return [(bool(one.day), one.new, "is-joined" in one.html, "is-answer" in one.html) for one in drawn]


def test_somebody_who_goes_on_talking_is_not_named_again():
    told = [
        message(1),
        message(2, minutes=4),
        message(3, minutes=10),
        message(4, "bob", 11),
        message(5, "bob", 12, reply_to=FIRST),
    ]
    assert [joined for _, _, joined, _ in places(told)] == [False, True, False, False, False]


def test_an_answer_right_below_its_question_is_known_as_one():
    told = [message(1), message(2, "echo", 1, reply_to=FIRST), message(3, "bob", 2, reply_to=FIRST)]
    assert [answer for _, _, _, answer in places(told)] == [False, True, False]


def test_days_begin_at_the_readers_midnight():
    told = [message(1), message(2, "bob", 90), message(3, minutes=150)]
    assert [day for day, _, _, _ in places(told)] == [True, False, True]
    assert [day for day, _, _, _ in places(told, zone=ZoneInfo("Europe/Paris"))] == [True, True, False]


def test_what_is_new_begins_with_the_first_unread_message_of_somebody_else():
    told = [message(1), message(2, "me", 1), message(3, minutes=2), message(4, minutes=3)]
    assert [new for _, new, _, _ in places(told, read_seq=1, me="me")] == [False, False, True, False]
    assert [new for _, new, _, _ in places(told, read_seq=4, me="me")] == [False] * 4
