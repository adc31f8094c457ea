"""The cast, the same everywhere: ada owns the den, bob is a member, mod moderates, eve is outside, gus is a guest,
echo an agent.

The den is private, the square is public and ada's. Servers come from `tests/plugins/servers.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms import db as pools
from rooms.models import Room, User
from rooms.roles import Role
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room

PASSWORD = "correct horse battery"


def person(username: str, kind: str = User.Kind.HUMAN, **facts: object) -> User:
    """Somebody new, with the password everybody has in tests (hashed quickly, see the test settings)."""
    user = User(username=username, kind=kind, display_name=username.capitalize(), **facts)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest_asyncio.fixture
async def own_pool() -> AsyncIterator[None]:
    """The loop's database pool ends before its loop does: while it connects it cannot be cancelled."""
    yield
    await pools.close()


@pytest.fixture(autouse=True)
def _pools_end_before_their_loops(request: pytest.FixtureRequest) -> None:
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("own_pool")


@pytest.fixture
def ada(db: None) -> User:
    return person("ada")


@pytest.fixture
def eve(db: None) -> User:
    return person("eve")


@pytest.fixture
def den(ada: User) -> Room:
    return create_room(creator=ada, name="The den", slug="den", topic="Where we meet")


@pytest.fixture
def square(ada: User) -> Room:
    return create_room(creator=ada, name="The square", slug="square", visibility="public")


def member_of(den: Room, username: str, role: str, kind: str = User.Kind.HUMAN) -> User:
    user = person(username, kind)
    begin_membership(room=den, user=user, role=role, by=den.created_by)
    return user


@pytest.fixture
def bob(den: Room) -> User:
    return member_of(den, "bob", Role.MEMBER)


@pytest.fixture
def mod(den: Room) -> User:
    return member_of(den, "mod", Role.MODERATOR)


@pytest.fixture
def gus(den: Room) -> User:
    return member_of(den, "gus", Role.GUEST, User.Kind.GUEST)


@pytest.fixture
def echo(den: Room) -> User:
    return member_of(den, "echo", Role.MEMBER, User.Kind.AGENT)
