"""What another site's page can make a browser do: nothing."""

from __future__ import annotations

import pytest

from rooms.models import Message, Room, User
from tests.plugins.rest import Caller

pytestmark = pytest.mark.django_db(transaction=True)

UNSAFE = [
    ("POST", "rooms/"),
    ("PATCH", "rooms/den/"),
    ("DELETE", "rooms/den/"),
    ("POST", "rooms/den/messages/"),
    ("POST", "rooms/den/join/"),
    ("POST", "rooms/den/leave/"),
    ("POST", "rooms/den/read/"),
    ("POST", "rooms/den/members/"),
    ("PATCH", "rooms/den/members/bob/"),
    ("DELETE", "rooms/den/members/bob/"),
    ("POST", "rooms/den/invitations/"),
    ("POST", "invitations/accept/"),
    ("POST", "tokens/"),
    ("PATCH", "me/"),
]


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_a_cookie_alone_changes_nothing(den: Room, ada: User, bob: User, method: str, path: str) -> None:
    answer = Caller(session_of=ada)(method, path, {"body": "hi", "name": "x"})
    assert (answer.status, answer["code"]) == (403, "forbidden")
    assert "CSRF" in answer["detail"]
    assert not Message.objects.exists()


def test_the_page_itself_sends_the_right_word_and_is_let_in(den: Room, ada: User) -> None:
    caller = Caller(session_of=ada)
    caller.client.cookies["csrftoken"] = "a" * 32
    right = {"x-csrftoken": "a" * 32}
    assert caller.post("rooms/den/messages/", {"body": "hi"}, headers=right).status == 201
    assert caller.patch("rooms/den/", {"topic": "x"}, headers=right).status == 200
    assert caller.post("rooms/den/messages/", {"body": "hi"}, headers={"x-csrftoken": "b" * 32}).status == 403
    evil = right | {"origin": "https://evil.example"}
    assert caller.post("rooms/den/messages/", {"body": "hi"}, headers=evil).status == 403


def test_what_another_sites_script_asks_for_with_a_cookie_is_refused(den: Room, ada: User) -> None:
    caller = Caller(session_of=ada)
    for path in ("me/", "rooms/den/messages/"):
        foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
        assert caller.get(path, headers=foreign).status == 403
        assert caller.get(path, headers={"sec-fetch-site": "same-origin"}).status == 200


def test_no_answer_allows_another_origin_or_may_be_kept(den: Room, ada: User) -> None:
    caller = Caller(session_of=ada)
    for path in ("me/", "rooms/", "rooms/den/messages/", "rooms/none/", "nothing/", "schema/"):
        answer = caller.get(path, headers={"origin": "https://evil.example"})
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
