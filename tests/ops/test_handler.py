"""Requests and threads: none for those that need none, and what was borrowed in one is given back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.urls import path

from chatroom.handler import Handler
from rooms.models import User
from tests.waiting import PATIENCE

seen: list[Any] = []


async def without_thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def with_orm(request: HttpRequest) -> HttpResponse:
    count = User.objects.count()
    seen.append(connections["default"])
    assert connections["default"].connection is not None
    return HttpResponse(str(count))


async def slow(request: HttpRequest) -> HttpResponse:
    try:
        await asyncio.sleep(2 * PATIENCE)
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise
    return HttpResponse("never")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a view that breaks")


urlpatterns = [path(view.__name__, view) for view in (without_thread, with_orm, slow, broken)]


@pytest.fixture(autouse=True)
def _views(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    seen.clear()


async def asked(view: Callable[..., Any], *later: dict[str, Any]) -> tuple[int, bytes]:
    """Status and body; `later` is what the client does after its request."""
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for message in ({"type": "http.request", "body": b""}, *later):
        incoming.put_nowait(message)
    answer: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        answer.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/{view.__name__}", "headers": [], "query_string": b""}
    async with asyncio.timeout(PATIENCE):
        await Handler()(scope, incoming.get, send)
    return (answer[0]["status"], answer[1]["body"]) if answer else (0, b"")


async def test_a_view_inside_the_loop_starts_no_thread(monkeypatch: pytest.MonkeyPatch):
    started: list[object] = []
    monkeypatch.setattr(threading.Thread, "start", started.append)
    assert await asked(without_thread) == (200, b"fine")
    assert started == []


@pytest.mark.django_db(transaction=True)
async def test_a_connection_used_in_the_request_s_thread_is_given_back():
    assert await asked(with_orm) == (200, b"0")
    assert seen[0].connection is None  # back in the pool


async def test_a_client_that_hangs_up_ends_the_work_of_the_view():
    assert await asked(slow, {"type": "http.disconnect"}) == (0, b"")
    assert seen == ["cancelled"]


@pytest.mark.parametrize("view", [without_thread, broken])
async def test_the_end_of_every_request_is_told_once(view: Callable[..., Any]):
    told: list[object] = []

    def listener(**facts: Any) -> None:
        told.append(facts["sender"])

    request_finished.connect(listener)
    try:
        await asked(view)
        await asked(slow, {"type": "http.disconnect"})
    finally:
        request_finished.disconnect(listener)
    assert told == [Handler, Handler]


async def test_work_in_a_thread_of_the_request_is_finished_there():
    threads: list[str] = []

    def listener(**facts: Any) -> None:
        threads.append(threading.current_thread().name)

    request_finished.connect(listener)
    try:
        await asked(broken)
        await asked(without_thread)
    finally:
        request_finished.disconnect(listener)
    assert threads[0] != threading.main_thread().name
    assert threads[1] == threading.main_thread().name
