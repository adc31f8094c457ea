"""What a connection passes before the application sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatroom.doorstep import BehindProxies, BodyLimit, ExactOrigin, lifespan
from tests.waiting import PATIENCE


class Inside:
    """The application behind a door: remembers with which scope it was reached, and reads its body."""

    scope: dict[str, Any] | None = None
    body = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "http":
            while (message := await receive())["type"] == "http.request":
                self.body += message["body"]
                if not message.get("more_body"):
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                    await send({"type": "http.response.body", "body": b"fine"})
                    break


async def knock(door: Any, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    waiting = [*messages]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await door(scope, receive, send)
    return said


def socket(origin: str | None = None, *, subprotocols: tuple[str, ...] = (), **headers: str) -> dict[str, Any]:
    pairs = {**headers, **({"origin": origin} if origin else {})}
    return {
        "type": "websocket",
        "subprotocols": list(subprotocols),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs.items()],
    }


CONNECT = {"type": "websocket.connect"}


@pytest.fixture
def origins(settings):
    settings.ALLOWED_ORIGINS = ["https://chat.example.org", "http://127.0.0.1:8000"]


@pytest.mark.parametrize("origin", ["https://chat.example.org", "http://127.0.0.1:8000"])
async def test_a_page_of_ours_may_open_a_socket(origins, origin):
    inside = Inside()
    assert await knock(ExactOrigin(inside), socket(origin, cookie="sessionid=x"), CONNECT) == []
    assert inside.scope is not None


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "http://chat.example.org",  # the scheme counts
        "https://chat.example.org:8443",  # the port counts
        "https://chat.example.org.evil.example",
        "https://sub.chat.example.org",
        "https://chat.example.org/",
        "http://127.0.0.1:8001",
    ],
)
async def test_a_foreign_page_is_told_4403_and_never_reaches_the_application(origins, origin):
    inside = Inside()
    said = await knock(ExactOrigin(inside), socket(origin, cookie="sessionid=x"), CONNECT)
    assert [message["type"] for message in said] == ["websocket.accept", "websocket.close"]
    assert said[-1]["code"] == 4403
    assert inside.scope is None


@pytest.mark.parametrize(
    "scope",
    [
        socket(authorization="Bearer abc", cookie="sessionid=x"),
        socket(subprotocols=("chat.v1", "bearer.abc"), cookie="sessionid=x"),
    ],
)
async def test_a_program_with_a_token_needs_no_origin_and_leaves_the_cookie_outside(origins, scope):
    inside = Inside()
    assert await knock(ExactOrigin(inside), scope, CONNECT) == []
    assert inside.scope is not None
    assert b"cookie" not in dict(inside.scope["headers"])


async def test_a_program_with_nothing_to_show_is_left_to_be_told_that_it_is_not_signed_in(origins):
    inside = Inside()
    assert await knock(ExactOrigin(inside), socket(), CONNECT) == []
    assert inside.scope is not None


async def test_a_token_does_not_excuse_a_foreign_origin(origins):
    inside = Inside()
    said = await knock(ExactOrigin(inside), socket("https://evil.example", authorization="Bearer abc"), CONNECT)
    assert said[-1]["code"] == 4403
    assert inside.scope is None


def request(path: str = "/", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_within_the_limit_passes(settings):
    settings.MAX_REQUEST_BYTES = 10
    inside = Inside()
    said = await knock(BodyLimit(inside), request(content_length="10"), part(b"12345", True), part(b"67890"))
    assert said[0]["status"] == 200
    assert inside.body == b"1234567890"


async def test_a_body_that_declares_too_much_is_refused_unread(settings):
    settings.MAX_REQUEST_BYTES = 10
    inside = Inside()
    said = await knock(BodyLimit(inside), request(content_length="11"))
    assert said[0]["status"] == 413
    assert b'"code":"too_large"' in said[1]["body"]
    assert inside.scope is None


async def test_a_body_that_declares_nothing_is_stopped_at_the_limit(settings):
    settings.MAX_REQUEST_BYTES = 10
    inside = Inside()
    said = await knock(BodyLimit(inside), request(), part(b"12345", True), part(b"678901", True), part(b"never"))
    assert [message["type"] for message in said] == ["http.response.start", "http.response.body"]
    assert said[0]["status"] == 413
    assert inside.body == b"12345"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/rooms/den/attachments/", 200),
        ("/rooms/den/messages/", 200),
        ("/api/v1/rooms/den/messages/", 413),
        ("/api/v1/rooms/den/attachments/more/", 413),
        ("/", 413),
    ],
)
async def test_a_file_may_be_longer_than_other_bodies_where_files_arrive(settings, path, status):
    settings.MAX_REQUEST_BYTES, settings.ATTACHMENT_MAX_BYTES = 10, 90
    inside = Inside()
    assert (await knock(BodyLimit(inside), request(path, content_length="100"), part(b"x" * 100)))[0][
        "status"
    ] == status
    too_long = await knock(BodyLimit(Inside()), request(path, content_length="101"), part(b"x" * 101))
    assert too_long[0]["status"] == 413


async def test_without_proxies_of_ours_nobody_can_claim_another_address(settings):
    settings.TRUSTED_PROXIES = 0
    inside = Inside()
    scope = {
        **request(x_forwarded_for="1.2.3.4", x_forwarded_proto="https"),
        "client": ("9.9.9.9", 1),
        "scheme": "http",
    }
    await knock(BehindProxies(inside), scope, part(b""))
    assert inside.scope == scope


async def test_behind_a_proxy_the_caller_is_whom_the_proxy_saw(settings):
    settings.TRUSTED_PROXIES = 1
    inside = Inside()
    scope = {
        **request(x_forwarded_for="6.6.6.6, 1.2.3.4", x_forwarded_proto="https"),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    await knock(BehindProxies(inside), scope, part(b""))
    assert inside.scope is not None
    assert inside.scope["client"][0] == "1.2.3.4", "what stands further left was written by the caller"
    assert inside.scope["scheme"] == "https"


async def test_a_socket_behind_a_proxy_is_secure_too(settings):
    settings.TRUSTED_PROXIES = 1
    inside = Inside()
    await knock(BehindProxies(inside), {**socket(x_forwarded_proto="https"), "scheme": "ws"}, CONNECT)
    assert inside.scope is not None
    assert inside.scope["scheme"] == "wss"


async def test_the_server_is_told_that_start_and_stop_are_complete():
    said = await asyncio.wait_for(
        knock(lifespan, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}), PATIENCE
    )
    assert [message["type"] for message in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
