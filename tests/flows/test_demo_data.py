"""The demo's people and their talk: loaded once, true to the log, and quiet about the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from agents.models import Seat, Task
from agents.runs import sweeping
from agents.triggers import waking
from chatroom.demo import load
from chatroom.demo.script import ScriptError, read_script
from rooms.access import reader_in
from rooms.models import Event, Membership, Message, Room, User
from rooms.reading import read_events, read_page, unread_counts

TALK = sorted((Path(load.__file__).parent / "talk").glob("*.txt"))


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker) -> Iterator[dict[str, User]]:
    """Loaded once for all that only look at it, under the limits of a real house."""
    real = {"SENDS_PER_MINUTE": 20, "SENDS_PER_MINUTE_GUEST": 5, "ASKS_PER_MINUTE": 20, "ASKS_PER_DAY": 100}
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(**real):
        assert load.load_demo()
        yield {user.username: user for user in User.objects.all()}
        transaction.set_rollback(True)


def test_everybody_can_sign_in_and_is_what_they_are(demo):
    for username in ("ada", "bob", "mod", "eve", "gus", "admin"):
        assert demo[username].check_password("chatroom-demo"), username
    assert demo["gus"].kind == User.Kind.GUEST
    assert demo["mod"].has_perm("rooms.change_report")
    assert not demo["mod"].is_superuser
    assert demo["admin"].is_superuser
    assert not demo["echo"].has_usable_password()


def test_it_is_loaded_once(demo, capsys):
    before = (Room.objects.count(), Message.objects.count(), User.objects.count())

    call_command("seed_demo")

    assert (Room.objects.count(), Message.objects.count(), User.objects.count()) == before
    assert "nothing was loaded" in capsys.readouterr().out


def test_there_is_something_of_everything(demo):
    said = Message.objects.all()
    assert 150 <= said.count() <= 250
    assert said.filter(state="withdrawn").exists()
    assert said.exclude(edited_at=None).exists()
    assert said.exclude(visible_to=None).exists()
    assert said.exclude(reply_to=None).exists()
    for drawn in ("<table>", "<pre>", "<ol>", "<ul>", "<blockquote>", 'class="mention"', "hl-"):
        assert said.filter(html__contains=drawn).exists(), drawn
    assert set(Seat.objects.values_list("trigger", flat=True)) == {"mention", "reply", "always", "off"}
    assert set(Room.objects.values_list("visibility", flat=True)) == {"public", "private"}


def test_eve_is_outside_the_private_rooms(demo):
    assert {room.slug for room in Room.objects.visible_to(demo["eve"])} == {
        "square",
        "kitchen",
        "garden",
        "lost-and-found",
    }
    assert {room.slug for room in Room.objects.visible_to(demo["gus"])} == {"den"}


def test_the_numbers_have_no_holes_and_time_goes_forward(demo):
    for room in Room.objects.all():
        numbers, times = zip(
            *Event.objects.filter(room=room).order_by("seq").values_list("seq", "created_at"), strict=True
        )
        assert list(numbers) == list(range(1, room.last_seq + 1)), room
        assert list(times) == sorted(times), room
        assert times[-1] < timezone.now(), room


def test_replaying_a_room_gives_what_reloading_gives(demo):
    for room in Room.objects.all():
        for membership in Membership.objects.filter(room=room).select_related("user"):
            reader = reader_in(membership.user, room)
            assert replayed(room, reader) == reloaded(room, reader), (room, membership.user)


def replayed(room, reader):
    messages, after = {}, 0
    while after < room.last_seq:
        for frame, readable in read_events(room, reader, after).frames:
            after = frame.seq or 0
            message = orjson.loads(frame.text).get("data", {}).get("message")
            if readable and isinstance(message, dict):
                messages[message["id"]] = message
    return sorted(messages.values(), key=lambda message: message["seq"])


def reloaded(room, reader):
    return read_page(room, reader, after=0, limit=200).messages()


def test_it_looks_alive(demo):
    latest = Message.objects.latest("created_at").created_at
    assert timezone.now() - latest < timedelta(minutes=30)
    for username in ("ada", "bob"):
        unread = unread_counts(demo[username].pk)
        assert 0 < sum(unread.values()) < 15, (username, unread)


def test_nobody_answers_the_questions_of_the_past(demo):
    assert not Event.objects.filter(pending=True).exists()
    tasks = Task.objects.count()
    assert tasks

    for event_id in sweeping.events_to_wake():
        assert waking.answer(event_id) == []

    assert Task.objects.count() == tasks
    assert Room.objects.filter(watched=True).count() == Seat.objects.values("room").distinct().count()


@pytest.mark.parametrize("script", TALK, ids=lambda path: path.stem)
def test_a_script_can_be_told_at_any_hour(script):
    for hour in range(24):
        now = datetime(2027, 3, 1, hour, 1, tzinfo=UTC)
        acts = read_script(script.read_text(), now)
        assert acts[-1].at < now
        assert "{" not in "".join(act.text for act in acts if "```" not in act.text)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("--- ada\nHello", "line 1: A script begins with its clock"),
        ("=== yesterday", "line 1: 'yesterday' is no time"),
        ("=== 5 minutes ago\n--- ada +9m\nHello", "line 2: This would be in the future"),
        ("=== 5 minutes ago\n=== 2 days ago 09:15", "line 2: '2 days ago 09:15' is not after"),
        ("=== 5 minutes ago\n--- ada +soon\nHello", r"line 2: '\+soon' is no duration"),
    ],
)
def test_a_slip_in_a_script_names_its_line(script, problem):
    with pytest.raises(ScriptError, match=problem):
        read_script(script, datetime.now(UTC))
