"""Every role at every door, and no door without a row. See `table.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from rooms import db
from rooms.background import in_thread
from rooms.errors import NotFound
from rooms.live import hub as hubs
from rooms.live.commands import COMMANDS
from tests.live.wire import ORIGIN, Closed, Wire, bearing
from tests.plugins.rest import Answer, Asking, Caller
from tests.security.scene import Scene, cast, scene
from tests.security.table import ACTIONS, FORBIDDEN, NOTHING, OK, ROLES, SIGN_IN, WRITES, Action, Live, Page, Rest

pytestmark = pytest.mark.django_db(transaction=True)

APART = {
    "accounts/": "allauth's own pages: signing in and out, passwords, addresses. No room is reachable there.",
    "favicon.ico": "A redirect to a file.",
    "livez": "Whether the process lives: two letters, for anybody.",
    "readyz": "Whether it can work, likewise.",
    "admin/": "Django's admin: tried below, address by address.",
}
CSRF = "a" * 32
NOWHERE = {"code": "not_found", "detail": NotFound.default_detail}


def with_door(kind: type) -> list[Action]:
    return [action for action in ACTIONS if any(isinstance(door, kind) for door in action.doors)]


def cells(action: Action, kind: type) -> Iterator[tuple[str, Any, Scene]]:
    """Each role at each door of this kind. What only reads leaves the scene as it was."""
    people = cast()
    here = scene(people)
    for door in (door for door in action.doors if isinstance(door, kind)):
        for role in ROLES:
            yield role, door, here
            if action.kind == WRITES:
                here = scene(people)


# --- every cell


@pytest.mark.parametrize("action", with_door(Rest), ids=lambda action: action.name)
def test_rest(asking: Asking, action: Action) -> None:
    for role, door, here in cells(action, Rest):
        answer = knock(here, role, door)
        expected = action.expected(role, door)
        assert outcome(answer) == expected, f"{role}: {door.method} {door.path} → {answer}"
        if expected == NOTHING and role in ("eve", "former", "elsewhere", "gus") and "no-such" not in door.path:
            assert answer.json == NOWHERE, f"{role} learns more than nothing at {door.path}: {answer}"


def knock(here: Scene, role: str, door: Rest) -> Answer:
    path, data = here.fill(door.path), here.fill(door.data)
    answer = Caller(secret=here.token(role))(door.method, path, data, headers={"accept": door.accept})
    assert answer.status < 500, f"{role}: {door.method} {door.path} → {answer}"
    return answer


def outcome(answer: Answer) -> str:
    return {401: SIGN_IN, 403: FORBIDDEN, 404: NOTHING}.get(answer.status, OK)


@pytest.mark.parametrize("action", with_door(Page), ids=lambda action: action.name)
def test_pages(asking: Asking, action: Action) -> None:
    for role, door, here in cells(action, Page):
        answer = look_in(here, role, door)
        assert page_outcome(answer) == action.expected(role, door), f"{role}: {door.method} {door.path} → {answer}"
        if page_outcome(answer) == NOTHING:
            assert b"The den" not in answer.response.content


def look_in(here: Scene, role: str, door: Page) -> Answer:
    """With a session; the roles that are tokens send theirs, which pages do not know."""
    is_token = role in ("reader", "elsewhere")
    caller = Caller(secret=here.token(role)) if is_token else Caller(session_of=here.user(role))
    caller.client.cookies["csrftoken"] = CSRF
    body = urlencode(here.fill(dict(door.data))).encode()
    form = "application/x-www-form-urlencoded"
    return caller(door.method, here.fill(door.path), raw=body, content_type=form, headers={"x-csrftoken": CSRF})


def page_outcome(answer: Answer) -> str:
    if answer.status == 302 and answer.headers["Location"].startswith("/accounts/login/?"):
        return SIGN_IN
    assert answer.status < 500, answer
    return outcome(answer)


@pytest_asyncio.fixture
async def _tidy_loop() -> AsyncIterator[None]:
    yield
    await hubs.hub().stop()
    await db.close()


@pytest.mark.usefixtures("_tidy_loop")
@pytest.mark.parametrize("action", with_door(Live), ids=lambda action: action.name)
async def test_sockets(action: Action) -> None:
    todo = cells(action, Live)
    while (cell := await in_thread(next, todo, None)) is not None:
        role, door, here = cell
        secret = await in_thread(here.token, role)
        found = await command(bearing(secret) if secret else stranger(), door.type, here.fill(dict(door.facts)))
        assert found == action.expected(role, door), f"{role}: {door.type}"


def stranger() -> Wire:
    """A page of ours with nobody signed in."""
    return Wire("/ws/", [(b"origin", ORIGIN.encode())])


async def command(wire: Wire, type: str, facts: dict[str, Any]) -> str:
    try:
        async with wire as socket:
            answer = await socket.ask(type, **facts)
    except Closed as closed:
        return SIGN_IN if closed.code == 4401 else f"closed with {closed.code}"
    if answer["type"] != "error":
        return OK
    if answer["code"] == "not_found":
        assert {"code": answer["code"], "detail": answer["detail"]} == NOWHERE
    return {"forbidden": FORBIDDEN, "not_found": NOTHING, "not_authenticated": SIGN_IN}.get(answer["code"], OK)


# --- complete by construction


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(whole route, pattern) of everything that can be asked for."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route, pattern


def ours() -> list[tuple[str, URLPattern]]:
    return [(route, pattern) for route, pattern in routes() if not route.startswith(tuple(APART))]


def described(here: Scene) -> set[tuple[str, str]]:
    """(method, route) of every REST and page door of the table."""
    doors = [door for action in ACTIONS for door in action.doors if not isinstance(door, Live)]
    return {(door.method, resolve(address(here.fill(door.path))).route) for door in doors}


def address(path: str) -> str:
    return (path if path.startswith("/") else f"/api/v1/{path}").partition("?")[0]


def test_every_method_of_every_rest_route_has_a_row(transactional_db: None) -> None:
    known = described(scene(cast()))
    missing = [
        (method, route)
        for route, pattern in ours()
        if route.startswith("api/")
        for method in methods_of(pattern)
        if (method, route) not in known
    ]
    assert not missing, f"say in tests/security/table.py who may do this: {missing}"


def methods_of(pattern: URLPattern) -> list[str]:
    view = getattr(pattern.callback, "cls", None)
    if view is None:
        return ["GET"]
    return [name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]


def test_every_method_of_every_page_has_a_row(asking: Asking) -> None:
    people = cast()
    here = scene(people)
    known = described(here)
    everywhere = {resolve(address(here.fill(door.path))).route: door for action in ACTIONS for door in action.doors
                  if isinstance(door, Page)}  # fmt: skip
    for route, _ in ours():
        if route.startswith("api/"):
            continue
        assert route in everywhere, f"say in tests/security/table.py who may see the page {route}"
        for method in {"GET", "POST", "PUT", "DELETE"} - {known_method for known_method, at in known if at == route}:
            answer = look_in(scene(people), "ada", Page(method, everywhere[route].path))
            assert answer.status == 405, f"say in tests/security/table.py who may {method} {route}: {answer}"


def test_every_command_of_the_socket_has_a_row() -> None:
    known = {door.type for action in ACTIONS for door in action.doors if isinstance(door, Live)}
    assert known == set(COMMANDS)


def test_the_admin_is_closed_to_all_who_are_not_staff(asking: Asking) -> None:
    people = cast()
    here = scene(people)
    for route, pattern in routes():
        if not route.startswith("admin/") or "login" in route or "logout" in route:
            continue
        path = "/" + route.replace("<path:object_id>", "1").replace("<id>", "1").replace("<app_label>", "rooms")
        if any(sign in path for sign in "<^(?$"):
            path = "/admin/rooms/user/"
        for role in ("anonymous", "eve", "ada", "gus"):
            answer = look_in(here, role, Page("GET", path))
            assert answer.status in (302, 301), f"{role}: {pattern.name} → {answer}"
            assert "/login/" in answer.headers["Location"]
