"""Whatever is sent to REST, the answer is JSON in the contract's words: never a 500, never a page, never silence."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path as route

from chatroom.asgi import application
from rooms import background
from rooms.api import errors
from rooms.models import Message, Room, User
from rooms.services.messages import post_message
from tests.plugins.rest import Answer, Asking, Caller
from tests.security.scene import cast, scene
from tests.security.table import ACTIONS, Rest

pytestmark = pytest.mark.django_db(transaction=True)

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "half of it": b'{"body": "hi',
    "trailing rubbish": b'{"body": "hi"} {}',
    "a text": b'"hi"',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "NaN": b'{"body": NaN}',
    "infinity": b'{"seq": Infinity}',
    "broken UTF-8": b'{"body": "\xff\xfe"}',
    "UTF-16": '{"body": "hi"}'.encode("utf-16"),
    "half of a surrogate pair": b'{"body": "\\ud800", "name": "\\ud800", "username": "\\ud800", "q": "\\udfff"}',
    "NUL": b'{"body": "a\\u0000b", "name": "\\u0000", "slug": "\\u0000", "username": "\\u0000", "role": "\\u0000"}',
    "huge numbers": b'{"seq": 99999999999999999999999999, "max_uses": 1e308, "expires_in_days": -9223372036854775809}',
    "deep lists": b"[" * 100_000,
    "deep lists that end": b'{"body": ' + b"[" * 900 + b"]" * 900 + b"}",
    "deep objects": b'{"parameters": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
    "wrong types": b'{"body": {"a": 1}, "name": [], "role": {}, "username": 7, "rooms": "den", "scopes": {}}',
    "ten thousand combining marks": orjson.dumps({"body": "a" + "\u0301" * 10_000, "name": "a" + "\u0301" * 10_000}),
    "directions": orjson.dumps({"body": "\u202e\u2066evil\u2069", "name": "\u202eevil", "topic": "\u200b"}),
    "the same name twice": b'{"body": "a", "body": ["b"]}',
    "other people's fields": b'{"body": "hi", "author": "ada", "is_superuser": true, "seq": 1, "__proto__": {}}',
    "a mebibyte": orjson.dumps({"body": "x" * (1 << 20)}),
    "300 KiB of names": orjson.dumps({"x" * 300_000: 1}),
    "many names": orjson.dumps({f"field{number}": number for number in range(10_000)}),
}
QUERIES = [
    "q=%00", "q=%FF%FE", "q=%ED%A0%80", "limit=99999999999999999999", "limit=-1", "limit=1e3", "before=%00",
    "after=%F0%9F",
    "before=x&after=y", "around=٣", "after=&wait=1e9", "mine=maybe", "q=" + "a" * 5000, "%00=1", "[]=1&a[b]=c",
    "q=%27%3B+DROP+TABLE+rooms_message%3B--", "format=xml", "limit=0x10", "after=18446744073709551616",
]  # fmt: skip
PATHS = [
    "rooms/%00/", "rooms/den%00/messages/", "rooms/../admin/", "rooms/..%2F..%2Fetc/", "rooms/дом/",
    "rooms/" + "a" * 5000 + "/",
    "messages/00000000-0000-0000-0000-000000000000/", "messages/not-an-id/", "messages/%00/", "rooms/den/members/%00/",
    "rooms/den/members/%ED%A0%80/", "rooms/den/members/" + "a" * 5000 + "/", "messages/{said}/reactions/%00/",
    "messages/{said}/reactions/" + "%F0%9F%91%8D" * 300 + "/", "messages/{said}/reactions/%FF/", "tokens/%00/",
    "runs/%00/",
    "agents/%00/", "rooms/den/agents/%00/", "rooms/den/invitations/..%5C/", "", "/api/", "/api/v2/rooms/", "me",
    "rooms//",
]  # fmt: skip

CODES = {
    400: {"invalid"},
    401: {"not_authenticated"},
    403: {"forbidden"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {"conflict"},
    413: {"too_large"},
    415: {"unsupported_media_type"},
    422: {"refused"},
}


def is_proper(answer: Answer, what: str) -> None:
    assert answer.status < 500, f"{what} → {answer}"
    if answer.status < 300:
        return
    assert answer.headers["Content-Type"] == "application/json", f"{what} → {answer}"
    assert answer["code"] in CODES[answer.status], f"{what} → {answer}"
    assert isinstance(answer["detail"], str)
    assert answer["detail"], what
    assert set(answer.json) <= {"code", "detail", "fields", "rule", "span", "reason", "appeal"}


def rest_doors() -> list[tuple[str, str]]:
    return sorted({(door.method, door.path) for action in ACTIONS for door in action.doors if isinstance(door, Rest)})


@pytest.mark.parametrize(("method", "path"), [door for door in rest_doors() if door[0] not in ("GET", "DELETE")])
def test_bodies(asking: Asking, method: str, path: str) -> None:
    people = cast()
    here = scene(people)
    caller = Caller(secret=here.token("ada"))
    for what, body in BODIES.items():
        is_proper(caller(method, here.fill(path), raw=body), what)
    for declared in (
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "a/b; charset=nonsense",
    ):
        is_proper(caller(method, here.fill(path), raw=b"body=hi", content_type=declared), declared)


@pytest.mark.parametrize("path", [path.partition("?")[0] for method, path in rest_doors() if method == "GET"])
def test_query_strings(asking: Asking, path: str) -> None:
    here = scene(cast())
    caller = Caller(secret=here.token("ada"))
    for query in QUERIES:
        is_proper(caller.get(f"{here.fill(path)}?{query}"), f"{path}?{query[:80]}")


STRICT = [door for door in rest_doors() if "no-such-thing" not in door[1] and door[1] not in ("docs/", "schema/")]


@pytest.mark.parametrize(("method", "path"), STRICT)
def test_a_field_that_a_call_does_not_know_is_refused_and_nothing_done(asking: Asking, method: str, path: str) -> None:
    here = scene(cast())
    caller = Caller(secret=here.token("ada"))
    address = here.fill(path.partition("?")[0])
    misspelt = caller(method, f"{address}?nonsense=1")
    assert (misspelt.status, "nonsense" in misspelt["fields"]) == (400, True), misspelt
    if method != "GET" and "attachments/" not in path and path != "tokens/":  # files, and what no token may do
        misspelt = caller(method, address, {"nonsense": 1})
        assert (misspelt.status, "nonsense" in misspelt["fields"]) == (400, True), misspelt


def test_a_value_of_another_type_is_refused_and_not_made_to_fit(asking: Asking, den: Room, ada: User) -> None:
    ask = asking(ada)
    for path, said in (
        ("rooms/den/ask/", {"body": "hi", "reviewed": 0}),
        ("rooms/den/ask/", {"body": "hi", "reviewed": "false"}),
        ("rooms/den/ask/", {"body": "hi", "agents": [7]}),
        ("rooms/den/invitations/", {"max_uses": "3"}),
        ("tokens/", {"name": "x", "rooms": [1]}),
        ("agents/", {"username": "x", "capabilities": [True]}),
        ("agents/", {"username": "x", "idle_seconds": "3"}),
        ("agents/", {"username": "x", "idle_seconds": True}),
    ):
        caller = Caller(session_of=ada) if path == "tokens/" else ask
        answer = caller.post(path, said)
        assert answer.status in (400, 403), f"{path} {said}"
        if answer.status == 400:
            assert list(answer["fields"]) == [list(said)[-1]], f"{path} {said}"
    assert not den.messages.exists()


def test_paths(asking: Asking) -> None:
    here = scene(cast())
    caller = Caller(secret=here.token("ada"))
    for path in PATHS:
        for method in ("GET", "POST", "DELETE"):
            is_proper(caller(method, here.fill(path), {"body": "hi"}), f"{method} {path[:80]}")


def test_headers(asking: Asking, bob: User) -> None:
    for header in (
        {"authorization": "Bearer \x00"},
        {"authorization": "Bearer " + "a" * 10_000},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + "YTo=" * 3000},
        {"authorization": "\xff"},
        {"accept": "*" * 5000},
        {"content-length": "-5"},
        {"content-length": "99999999999"},
        {"x-request-id": "\r\nSet-Cookie: a=b"},
        {"cookie": "sessionid=\x00; csrftoken=\xff"},
        {"host": "evil.example"},
        {"last-event-id": "x"},
    ):
        for path in ("me/", "tokens/", "rooms/den/messages/", "rooms/den/events/"):
            for method in ("GET", "POST"):
                is_proper(Caller()(method, path, {"body": "hi"}, headers=header), f"{method} {path} {header}")


def test_methods_nobody_offers(asking: Asking, den: Room, ada: User) -> None:
    ask = asking(ada)
    for path in ("me/", "rooms/", "rooms/den/messages/", "rooms/den/events/", "schema/", "docs/", "tokens/", "search/"):
        for method in ("PUT", "OPTIONS", "TRACE", "PROPFIND"):
            answer = ask(method, path)
            is_proper(answer, f"{method} {path}")
            assert answer.status == 405, f"{method} {path}"
            assert "GET" in answer.headers["Allow"]


def test_too_large_is_said_so(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    for size in (33 * 1024, 300 * 1024, 1 << 20, (1 << 20) + 100):
        answer = ask.post("rooms/den/messages/", {"body": "x" * size})
        assert (answer.status, answer["code"]) == (413, "too_large"), size
    assert ask.post("rooms/", {"name": "x", "topic": "x" * (1 << 20)}).status == 413


def test_a_body_in_chunks_is_read_and_limited_like_any_other(asking: Asking, den: Room, bob: User) -> None:
    secret = asking(bob).secret or ""
    for path in ("rooms/", "rooms/den/messages/"):
        for size, status in ((1, 201), (1 << 20, 413), (3 << 20, 413)):
            said = {"name": "x" * size} if path == "rooms/" else {"body": "x" * size}
            assert background.run(in_chunks(f"/api/v1/{path}", secret, orjson.dumps(said))) == status, path


async def in_chunks(path: str, secret: str, body: bytes, size: int = 65_536) -> int:
    """POST to the application itself, the server's part being played here: no length is declared."""
    headers = {"host": "testserver", "transfer-encoding": "chunked", "content-type": "application/json"}
    headers["authorization"] = f"Bearer {secret}"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [
        (name.encode(), value.encode()) for name, value in headers.items()]}  # fmt: skip
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for piece in pieces:
        sent.put_nowait({"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]})
    answers: list[dict[str, Any]] = []

    async def hear(message: dict[str, Any]) -> None:
        answers.append(message)

    await application(scope, sent.get, hear)
    return int(answers[0]["status"])


def test_what_can_be_said_is_kept_as_it_was_said(asking: Asking, den: Room, bob: User) -> None:
    ask = asking(bob)
    for body in (
        "\u202eevil",
        "a" + "\u0301" * 1000,
        "👩‍👩‍👧‍👦",
        "\x01\x7f",
        "\ue000",
        "{{7*7}} ${x} %s {0}",
        "' OR 1=1 --",
        "\\u0000",
    ):
        posted = ask.post("rooms/den/messages/", {"body": body})
        assert (posted.status, posted["body"]) == (201, body)
    assert len(ask.get("rooms/den/messages/")["results"]) == Message.objects.count()


def test_one_odd_message_does_not_break_the_page_for_all(asking: Asking, den: Room, ada: User) -> None:
    message = post_message(room=den, author=ada, body="fine").message
    Message.objects.filter(pk=message["id"]).update(html="<broken", mentions=["nobody"], visible_to=[ada.pk, 10**15])
    assert asking(ada).get("rooms/den/messages/").status == 200


def test_without_a_database_the_answer_is_try_again(asking: Asking, den: Room, bob: User, monkeypatch: Any) -> None:
    from django.db import OperationalError
    from psycopg_pool import PoolTimeout

    from rooms import access, db

    ask = asking(bob)

    def fails(*args: object, **kwargs: object) -> Any:
        raise OperationalError("the connection is lost")

    async def no_pool() -> Any:
        raise PoolTimeout("no connection")

    monkeypatch.setattr(access, "room_for", fails)
    monkeypatch.setattr(db, "pool", no_pool)
    for path in ("rooms/den/", "rooms/den/messages/"):
        answer = ask.get(path)
        assert (answer.status, answer["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0


def breaks(request: object) -> HttpResponse:
    raise RuntimeError("a fault of our own, with a secret in it")


handler400, handler404, handler500 = errors.bad_request, errors.page_not_found, errors.server_error
urlpatterns = [route("api/v1/broken/", breaks), route("broken/", breaks)]


def test_a_fault_of_our_own_says_nothing_of_itself(transactional_db: None) -> None:
    caller = Caller()
    caller.client.raise_request_exception = False
    with override_settings(ROOT_URLCONF=__name__):
        answer, page = caller.get("broken/"), caller.get("/broken/")
    assert (answer.status, answer["code"]) == (500, "error")
    assert b"secret" not in answer.response.content + page.response.content
    assert page.headers["Content-Type"].startswith("text/html")
