"""A token narrows what its user may: by scope, by room, by time; and nothing of it can be read back."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from rooms.models import ApiToken, Room, User
from rooms.services.messages import post_message
from rooms.services.tokens import revoke_token
from tests.plugins.rest import Asking, Caller, token_of

pytestmark = pytest.mark.django_db(transaction=True)

UNSAFE = [
    ("POST", "rooms/", "write"),
    ("PATCH", "rooms/den/", "admin"),
    ("DELETE", "rooms/den/", "admin"),
    ("POST", "rooms/den/messages/", "write"),
    ("POST", "rooms/den/join/", "write"),
    ("POST", "rooms/den/leave/", "write"),
    ("POST", "rooms/den/read/", "write"),
    ("POST", "rooms/den/members/", "moderate"),
    ("PATCH", "rooms/den/members/bob/", "admin"),
    ("DELETE", "rooms/den/members/bob/", "moderate"),
    ("POST", "rooms/den/invitations/", "moderate"),
    ("POST", "invitations/accept/", "write"),
    ("PATCH", "me/", "write"),
]


@pytest.mark.parametrize(("method", "path", "scope"), UNSAFE)
def test_only_the_right_scope_opens(
    asking: Asking, den: Room, ada: User, bob: User, method: str, path: str, scope: str
) -> None:
    for other in {"read", "write", "moderate", "admin"} - {scope}:
        answer = asking(ada, scopes=(other,))(method, path, {})
        assert (answer.status, answer["code"]) == (403, "forbidden"), other
    assert asking(ada, scopes=(scope,))(method, path, {}).status != 403


def test_a_token_that_only_writes_cannot_read(asking: Asking, den: Room, ada: User) -> None:
    ask = asking(ada, scopes=("write",))
    assert ask.post("rooms/den/messages/", {"body": "hi"}).status == 201
    for path in ("me/", "rooms/", "rooms/den/", "rooms/den/messages/", "rooms/den/members/", "search/?q=hi"):
        assert ask.get(path).status == 403


def test_redacting_needs_the_scope_to_moderate(asking: Asking, den: Room, ada: User, bob: User) -> None:
    theirs = post_message(room=den, author=bob, body="x").message["id"]
    own = post_message(room=den, author=ada, body="y").message["id"]
    ask = asking(ada, scopes=("read", "write"))
    assert ask.delete(f"messages/{theirs}/").status == 403
    assert ask.delete(f"messages/{own}/").status == 204
    assert asking(ada, scopes=("write", "moderate")).delete(f"messages/{theirs}/").status == 204


def test_a_token_whose_last_room_is_gone_opens_no_other(asking: Asking, den: Room, square: Room, ada: User) -> None:
    ask = asking(ada, rooms=(den,))
    assert ask.get("rooms/den/").status == 200
    Room.objects.filter(pk=den.pk).delete()
    assert ask.get("rooms/square/").status == 404
    assert ask.get("rooms/")["results"] == []


def test_outside_its_rooms_a_token_knows_nothing(asking: Asking, den: Room, square: Room, ada: User) -> None:
    message = post_message(room=den, author=ada, body="canary").message
    ask = asking(ada, rooms=(square,))
    nothing = ask.get("rooms/no-such-room/").json
    for method, path in (
        ("GET", "rooms/den/"), ("PATCH", "rooms/den/"), ("DELETE", "rooms/den/"), ("GET", "rooms/den/messages/"),
        ("POST", "rooms/den/messages/"), ("GET", "rooms/den/members/"), ("GET", "rooms/den/search/?q=canary"),
        ("POST", "rooms/den/read/"), ("GET", f"messages/{message['id']}/"), ("DELETE", f"messages/{message['id']}/"),
        ("GET", f"messages/{message['id']}/history/"), ("GET", "rooms/den/events/?after=0"),
    ):  # fmt: skip
        answer = ask(method, path, {"body": "x"} if method == "POST" else None)
        assert (answer.status, answer.json) == (404, nothing), path
    assert [room["slug"] for room in ask.get("rooms/")["results"]] == ["square"]
    assert ask.get("search/?q=canary")["results"] == []
    assert ask.get("rooms/square/").status == 200
    assert ask.post("rooms/", {"name": "New"}).status == 403


def test_a_token_ends_with_its_time_its_revocation_and_its_user(asking: Asking, den: Room, bob: User) -> None:
    def answers(secret: str) -> set[int]:
        ask = Caller(secret=secret)
        return {ask.get(path).status for path in ("me/", "rooms/den/messages/", "rooms/den/events/?after=0")}

    expired, revoked, orphaned = token_of(bob), token_of(bob), token_of(bob)
    assert answers(expired) == answers(revoked) == answers(orphaned) == {200}
    ApiToken.objects.filter(digest=hashlib.sha256(expired.encode()).hexdigest()).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    revoke_token(token=ApiToken.objects.get(digest=hashlib.sha256(revoked.encode()).hexdigest()))
    assert answers(expired) == answers(revoked) == {401}
    bob.is_active = False
    bob.save()
    assert answers(orphaned) == {401}


def test_nothing_kept_of_a_token_lets_anybody_in(bob: User) -> None:
    secret = token_of(bob)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM rooms_apitoken t")
        kept = cursor.fetchall()[0][0]
    assert secret not in kept
    assert hashlib.sha256(secret.encode()).hexdigest() in kept
    assert Caller(secret=hashlib.sha256(secret.encode()).hexdigest()).get("me/").status == 401


def test_a_bad_token_is_not_excused_by_a_good_cookie(bob: User) -> None:
    caller = Caller(session_of=bob)
    assert caller.get("me/").status == 200
    for header in ("Bearer crt_wrong", "Bearer", "Basic Ym9iOng=", "Token abc", "bearer \u00ff\u00fe"):
        for path in ("me/", "rooms/"):
            answer = caller.get(path, headers={"authorization": header})
            assert (answer.status, answer["code"]) == (401, "not_authenticated"), header


def test_nobody_is_told_how_to_sign_in(asking: Asking, den: Room) -> None:
    for path in ("me/", "rooms/den/messages/", "rooms/den/"):
        answer = asking(None).get(path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert asking(None).get("tokens/").headers["WWW-Authenticate"].startswith("Basic ")


def test_the_last_use_is_noted_at_most_each_minute(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    ask.get("rooms/den/messages/")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    ask.get("me/")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    ask.get("me/")
    latest = ApiToken.objects.get().last_used_at
    assert latest is not None
    assert latest >= first
