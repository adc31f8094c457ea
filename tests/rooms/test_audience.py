"""The rule of `rooms.audience` stands there three times; here they answer the same question side by side."""

from __future__ import annotations

import itertools

import pytest
from django.db import connection

from rooms import prepared
from rooms.audience import READABLE_BY_EACH_SQL, READABLE_SQL, Reader, may_read, readable_by_each
from rooms.ids import uuid7
from rooms.models import Message, Room, User

pytestmark = pytest.mark.django_db

ROLES = [None, "guest", "member", "moderator", "owner"]
STATES = ["visible", "held", "writing", "interrupted", "withdrawn", "redacted"]


def test_the_rule_says_the_same_in_python_in_the_orm_and_in_sql(den: Room, ada: User, bob: User, mod: User) -> None:
    people = [ada, bob, mod]
    audiences = [None, [ada.pk], [ada.pk, bob.pk], [ada.pk, mod.pk]]
    for number, (author, state, named) in enumerate(itertools.product(people, STATES, audiences), start=1000):
        visible_to = None if named is None else sorted({*named, author.pk})
        Message.objects.create(id=uuid7(), room=den, seq=number, author=author, state=state, visible_to=visible_to)
    for user, role in itertools.product(people, ROLES):
        reader = Reader(user.pk, role)
        expected = {m.pk for m in Message.objects.all() if allowed(reader, m)}
        assert {m.pk for m in Message.objects.readable_by(reader)} == expected
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT m.id FROM rooms_message m WHERE {READABLE_SQL}", dict(reader.params))
            assert {row[0] for row in cursor.fetchall()} == expected


def test_what_everybody_may_read_is_the_same_in_the_orm_and_in_sql(den: Room, ada: User, bob: User, mod: User) -> None:
    audiences = [None, [ada.pk], [ada.pk, bob.pk], [ada.pk, bob.pk, mod.pk]]
    for number, (state, named) in enumerate(itertools.product(STATES, audiences), start=1000):
        Message.objects.create(room=den, seq=number, author=ada, state=state, visible_to=named)
    for readers in audiences:
        expected = set(Message.objects.filter(readable_by_each(readers)).values_list("pk", flat=True))
        rows = prepared.fetch(f"SELECT m.id FROM rooms_message m WHERE {READABLE_BY_EACH_SQL}", {"readers": readers})
        assert {row[0] for row in rows} == expected


def allowed(reader: Reader, message: Message) -> bool:
    return may_read(reader, author_id=message.author_id, state=message.state, visible_to=message.visible_to)


def test_a_held_whisper_is_for_its_author_and_the_moderators_it_names() -> None:
    def may(user_id: int, role: str) -> bool:
        return may_read(Reader(user_id, role), author_id=1, state="held", visible_to=[1, 2])

    assert may(1, "member")
    assert may(2, "moderator")
    assert not may(2, "member")
    assert not may(3, "owner")
