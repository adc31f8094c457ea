"""Pages as their readers get them: `bob_reads = reading(bob)`, then `bob_reads("/rooms/den/")`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from rooms.models import Room, User
from rooms.services.messages import post_message

Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(den: Room) -> Say:
    """Somebody says something in the den: the message of the public contract."""

    def post(author: User, body: str, room: Room = den, **more: Any) -> dict[str, Any]:
        return post_message(room=room, author=author, body=body, **more).message

    return post


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
