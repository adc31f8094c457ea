from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from rooms.models import Room, User
from rooms.search import statement
from rooms.services.memberships import begin_membership
from rooms.services.messages import post_message
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)


def found(answer: object) -> list[str]:
    return [one["body"] for one in answer["results"]]  # type: ignore[index]


def test_words_phrases_and_people_are_found_newest_first(asking: Asking, den: Room, ada: User, bob: User) -> None:
    for author, body in ((ada, "red apple pie"), (bob, "green apple"), (ada, "apple and red wine"), (bob, "plum")):
        post_message(room=den, author=author, body=body)
    ask = asking(bob)
    assert found(ask.get("rooms/den/search/?q=apple")) == ["apple and red wine", "green apple", "red apple pie"]
    assert found(ask.get("rooms/den/search/?q=red+apple")) == ["apple and red wine", "red apple pie"]
    assert found(ask.get("rooms/den/search/?q=%22red+apple%22")) == ["red apple pie"]
    assert found(ask.get("rooms/den/search/?q=apple+-red")) == ["green apple"]
    assert found(ask.get("rooms/den/search/?q=apple+from:bob")) == ["green apple"]
    assert found(ask.get("rooms/den/search/?q=from:@Bob")) == ["plum", "green apple"]
    assert found(ask.get("rooms/den/search/?q=from:eve+apple")) == []


def test_a_snippet_says_where_the_words_stand(asking: Asking, den: Room, ada: User) -> None:
    post_message(room=den, author=ada, body="Über \ue000Äpfel\ue001 and <b>apples</b> 🍏 apples")
    hit = asking(ada).get("rooms/den/search/?q=apples")["results"][0]
    assert [hit["snippet"][start:end] for start, end in hit["matches"]] == ["apples", "apples"]


def test_results_come_in_pages(asking: Asking, den: Room, ada: User) -> None:
    for number in range(5):
        post_message(room=den, author=ada, body=f"word {number}")
    ask = asking(ada)
    first = ask.get("search/?q=word&limit=3")
    assert (len(first["results"]), first["has_more"]) == (3, True)
    rest = ask.get(f"search/?q=word&limit=3&before={first['results'][-1]['id']}")
    assert (found(rest), rest["has_more"]) == (["word 1", "word 0"], False)


def test_nothing_is_found_that_could_not_be_read(
    asking: Asking, den: Room, square: Room, ada: User, bob: User, eve: User
) -> None:
    begin_membership(room=square, user=bob, role="member", by=ada)
    post_message(room=den, author=ada, body="canary in the den")
    post_message(room=square, author=ada, body="canary on the square")
    post_message(room=square, author=ada, body="canary for bob", visible_to=["bob"])
    assert len(found(asking(bob).get("search/?q=canary"))) == 3
    assert found(asking(eve).get("search/?q=canary")) == ["canary on the square"]
    bound = asking(bob, rooms=(den,))
    assert found(bound.get("search/?q=canary")) == ["canary in the den"]
    assert asking(eve).get("rooms/den/search/?q=canary").status == 404


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=%20", "q=%00", "q=%F0%28", "q=" + "x" * 257, "q=a&limit=0", "q=a&before=x", "q=from:a+from:b"],
)
def test_a_question_that_is_none_is_refused(asking: Asking, ada: User, query: str) -> None:
    answer = asking(ada).get(f"search/?{query}")
    if query != "q=%F0%28":  # broken bytes are read as the replacement character: a word like any other
        assert (answer.status, answer["code"]) == (400, "invalid")


@pytest.mark.parametrize("query", ["%26%7C!()", "a:*", "'", '"', "-", "or", "\\", "%25", "<->", "🍏"])
def test_operators_of_the_database_are_only_text(asking: Asking, den: Room, ada: User, query: str) -> None:
    assert asking(ada).get(f"rooms/den/search/?q={query}").status == 200


def test_in_a_large_room_the_index_on_words_is_used(den: Room, ada: User) -> None:
    post_message(room=den, author=ada, body="apple")
    with connection.cursor() as cursor:
        cursor.execute(MANY, [den.pk, ada.pk])
        cursor.execute("ANALYZE rooms_message")
        params: dict[str, Any] = {
            "reader": ada.pk,
            "rooms": [den.pk],
            "words": "apple",
            "limit": 20,
            "marks": "",
            "headline": "",
        }
        cursor.execute(f"EXPLAIN {statement(words=True, author=False, before=False)}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_words" in plan


MANY = """
    INSERT INTO rooms_message
        (id, room_id, seq, author_id, body, html, state, mentions, client_id, fingerprint, notice, created_at)
    SELECT gen_random_uuid(), %s, 1000 + n, %s, 'plum number ' || n, '', 'visible', '{}', '', '', '', now()
    FROM generate_series(1, 20000) n
"""
