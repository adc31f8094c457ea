"""An answer as the people in the room see it, each on a socket of their own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from django.test import Client

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Seat, Wish
from agents.speaking import gates
from agents.speaking.gates import Pattern
from rooms import db
from rooms.background import in_thread
from rooms.live import hub as hubs
from rooms.models import Event, Room, User
from tests.live.stream import Stream
from tests.live.wire import Wire, bearing, signed_in, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture(autouse=True)
async def _tidy_loop() -> AsyncIterator[None]:
    yield
    await hubs.hub().stop()
    await db.close()


def wake_by(message_id: str) -> None:
    tasks.wake(Event.objects.get(message=UUID(message_id), type="message.posted").pk)


async def question(wire: Wire, body: str = "@echo?", **facts: object) -> asyncio.Task[None]:
    """Ask over the socket; the task is the worker that answers."""
    asked = await wire.ask("message.post", room="den", body=body, **facts)
    assert asked["type"] == "ack", asked
    return asyncio.create_task(in_thread(wake_by, asked["data"]["id"]))


async def heard_whole(wire: Wire) -> tuple[list[str], str]:
    """The types of the frames of an answer, in order, and its text put together by offsets."""
    types: list[str] = []
    text = ""
    while not types or types[-1] not in ("message.finished", "message.interrupted"):
        frame = await wire.hear()
        types.append(frame["type"])
        if frame["type"] == "message.text":
            assert frame["data"]["offset"] == len(text)
            text += frame["data"]["text"]
    assert frame["data"]["message"]["body"] == text
    return types, text


async def test_everybody_in_the_room_sees_the_answer_being_written(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("Good ").delay(0.1).says("morning ").delay(0.1).says("both")
    async with await signed_in(ada) as hers, await signed_in(bob) as his:
        for wire in (hers, his):
            await wire.open("den")
        worker = await question(hers)
        for wire in (hers, his):
            started = await wire.until("message.started")
            assert started["data"]["message"]["state"] == "writing"
            types, text = await heard_whole(wire)
            assert text == "Good morning both"
            assert 1 < types.count("message.text") <= 3
            assert (await wire.until("run.ended"))["data"]["reason"] == "answered"
        await worker


async def test_a_whisper_is_answered_where_nobody_else_hears_it(
    den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("psst, the canary")
    async with await signed_in(ada) as hers, await signed_in(mod) as theirs:
        for wire in (hers, theirs):
            await wire.open("den")
        worker = await question(hers, visible_to=["echo"])
        await hers.until("run.ended")
        await worker
        last = await hers.ask("message.post", room="den", body="for everybody")
        frames = await theirs.before(last["data"])
        assert {frame["type"] for frame in frames} <= {"skip", "presence", "status"}
        assert "canary" not in str(frames)


async def test_the_stop_button_is_the_askers_and_the_moderators(
    den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted
) -> None:
    for stopper in (ada, mod):
        scripted.says("I begin").stalls()
        async with await signed_in(ada) as hers, await signed_in(bob) as his, await signed_in(stopper) as theirs:
            await hers.open("den")
            worker = await question(hers)
            run = (await hers.until("message.started"))["data"]["message"]["run"]
            await hers.until("message.text")
            assert (await his.ask("run.cancel", run=run))["code"] == "forbidden"
            assert (await theirs.ask("run.cancel", run=run))["type"] == "ack"
            ended = await hers.until("message.interrupted")
            assert ended["data"]["message"]["body"] == "I begin"
            assert ended["data"]["message"]["notice"] == f"Stopped by @{stopper.username}."
            await worker
            assert (await theirs.ask("run.cancel", run=run))["code"] == "conflict"


async def test_a_stop_needs_a_run_that_is_there_and_a_token_that_may_write(
    den: Room, ada: User, eve: User, seat: Seat, scripted: Scripted
) -> None:
    scripted.says("I begin").stalls()
    async with await signed_in(ada) as hers, await signed_in(eve) as outsider:
        await hers.open("den")
        worker = await question(hers)
        run = (await hers.until("message.started"))["data"]["message"]["run"]
        assert (await outsider.ask("run.cancel", run=run))["code"] == "not_found"
        for nonsense in ("none", "00000000-0000-0000-0000-000000000000", "x" * 64):
            assert (await hers.ask("run.cancel", run=nonsense))["code"] == "not_found"
        for wrong in ({}, {"run": 7}, {"run": run, "why": "because"}):
            assert (await hers.ask("run.cancel", **wrong))["code"] == "invalid"
        async with bearing(await token_of(ada, "read")) as reading:
            assert (await reading.ask("run.cancel", run=run))["code"] == "forbidden"
        assert (await hers.ask("run.cancel", run=run))["type"] == "ack"
        await worker


async def test_what_the_gates_refuse_is_heard_on_no_transport(
    den: Room, ada: User, bob: User, mod: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = Pattern("secret", re.compile("canary"), reach=6)
    monkeypatch.setattr(gates, "gates", lambda: (canary, gates.size))
    scripted.says("And so it is said that it is a ca").delay(0.1).says("na").delay(0.1).says("ry")
    async with (
        await signed_in(ada) as hers,
        await signed_in(bob) as his,
        Stream("den", query="after=0", authorization=f"Bearer {await token_of(mod, 'read')}") as stream,
    ):
        for wire in (hers, his):
            await wire.open("den")
        worker = await question(hers)
        heard: list[object] = [await wire_until_the_end(wire) for wire in (hers, his)]
        last = await stream.until("message.interrupted")
        await worker
        assert last["data"]["message"]["body"] == "And so it is said that it is "
        heard += stream.blocks
        polled = await in_thread(lambda: client_of(ada).get("/api/v1/rooms/den/events/", {"after": 0}).json())
        page = await in_thread(lambda: client_of(ada).get("/api/v1/rooms/den/messages/").json())
    assert "And so it is said" in str(heard)
    assert "And so it is said" in str(page)
    for said in (heard, polled, page):
        assert not re.search("a ca|cana|anary", str(said))


async def wire_until_the_end(wire: Wire) -> list[object]:
    heard: list[dict[str, object]] = [await wire.hear()]
    while heard[-1]["type"] != "run.ended":
        heard.append(await wire.hear())
    return list(heard)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


async def test_a_message_and_how_it_is_to_be_answered_go_over_the_socket_together(
    den: Room, ada: User, eve: User, seat: Seat
) -> None:
    wish = {"coordination": "parallel", "agents": ["echo"], "approves_plans": True}
    async with await signed_in(ada) as hers, await signed_in(eve) as outsider:
        await hers.open("den")
        said = await hers.ask("message.ask", room="den", body="tea?", client_id="c-1", **wish)
        assert (said["type"], said["data"]["body"]) == ("ack", "tea?")
        heard = await hers.until("message.posted")
        assert heard["data"]["message"]["client_id"] == "c-1"
        again = await hers.ask("message.ask", room="den", body="tea?", client_id="c-1", **wish)
        assert again["data"]["id"] == said["data"]["id"]
        for wrong in ({"coordination": "anarchy"}, {"agents": ["nobody"]}, {"agents": "echo"}, {"why": "because"}):
            assert (await hers.ask("message.ask", room="den", body="tea?", **wrong))["code"] == "invalid"
        assert (await outsider.ask("message.ask", room="den", body="tea?"))["code"] == "not_found"
    kept = await in_thread(lambda: list(Wish.objects.values_list("coordination", "agents", "approves_plans")))
    assert kept == [("parallel", ["echo"], True)]
