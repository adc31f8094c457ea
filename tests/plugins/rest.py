"""People at the REST door. Requests run on the process's background loop, so that the async views keep one pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from django.http import HttpResponse
from django.test import AsyncClient

from rooms import background
from rooms.live import hub as hubs
from rooms.models import Room, User
from rooms.services.tokens import create_token

API = "/api/v1/"
ALL = ("read", "write", "moderate", "admin")


class Client(AsyncClient):
    def _get_path(self, parsed: Any) -> str:
        return unquote(parsed.path)  # as servers do; Django's own client reads a path as Latin-1


class Answer:
    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers

    @property
    def json(self) -> Any:
        return orjson.loads(self.response.content) if self.response.content else None

    def __getitem__(self, name: str) -> Any:
        return self.json[name]

    def __repr__(self) -> str:
        return f"{self.status} {self.response.content[:300]!r}"


class Caller:
    """Somebody with a token or a session: `asks("POST", "rooms/", {"name": "Kitchen"})`."""

    def __init__(self, secret: str | None = None, session_of: User | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.secret = secret
        if session_of is not None:
            self.client.force_login(session_of, "django.contrib.auth.backends.ModelBackend")

    def __call__(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        body = raw if raw is not None else b"" if data is None else orjson.dumps(data)
        if self.secret is not None:
            headers = {"authorization": f"Bearer {self.secret}", **(headers or {})}
        address = path if path.startswith("/") else API + path

        async def ask() -> Any:
            return await self.client.generic(method, address, body, content_type=content_type, headers=headers)

        return Answer(background.run(ask(), timeout=30))

    def get(self, path: str, **kwargs: Any) -> Answer:
        return self("GET", path, **kwargs)

    def post(self, path: str, data: Any = None, **kwargs: Any) -> Answer:
        return self("POST", path, data, **kwargs)

    def upload(self, slug: str, name: str, content: bytes, **fields: str) -> Answer:
        """A file in the field `file`, as a browser sends it."""
        body, content_type = multipart({"file": (name, content)}, fields)
        return self("POST", f"rooms/{slug}/attachments/", raw=body, content_type=content_type)

    def patch(self, path: str, data: Any = None, **kwargs: Any) -> Answer:
        return self("PATCH", path, data, **kwargs)

    def delete(self, path: str, data: Any = None, **kwargs: Any) -> Answer:
        return self("DELETE", path, data, **kwargs)


def multipart(files: Mapping[str, tuple[str, bytes]], fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A form with files, and its content type."""
    mark = "----of-the-tests"
    quoted = {
        name: (given.replace("\\", "\\\\").replace('"', "%22"), content) for name, (given, content) in files.items()
    }
    parts = [
        *(f'form-data; name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in fields.items()),
        *(
            f'form-data; name="{name}"; filename="{given}"\r\nContent-Type: image/png\r\n\r\n'.encode() + content
            for name, (given, content) in quoted.items()
        ),
    ]
    body = b"".join(f"--{mark}\r\nContent-Disposition: ".encode() + part + b"\r\n" for part in parts)
    return body + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


Asking = Callable[..., Caller]


async def stop_live() -> None:
    """What requests for events started on the background loop ends with the test."""
    hub = hubs._hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()


@pytest.fixture
def asking(transactional_db: None) -> Iterator[Asking]:
    """`asking(ada)` speaks with a token of hers that may do everything she may."""

    def somebody(user: User | None, scopes: tuple[str, ...] = ALL, rooms: tuple[Room, ...] = ()) -> Caller:
        if user is None:
            return Caller()
        return Caller(secret=token_of(user, scopes, rooms))

    yield somebody
    background.run(stop_live(), timeout=10)


def token_of(user: User, scopes: tuple[str, ...] = ALL, rooms: tuple[Room, ...] = ()) -> str:
    """Also for those who cannot make one themselves any more."""
    if user.kind != User.Kind.GUEST:
        return create_token(user=user, name="test", scopes=scopes, rooms=rooms)[1]
    user.kind = User.Kind.HUMAN
    secret = create_token(user=user, name="test", scopes=scopes, rooms=rooms)[1]
    user.kind = User.Kind.GUEST
    return secret
