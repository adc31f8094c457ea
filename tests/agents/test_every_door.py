"""Somebody who wants tokens for nothing tries every door at once: budget and quota hold, to the last of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db.models import Sum
from django.test import Client
from websockets.sync.client import connect

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Account, Agent, Hold, Reason, Seat, Task, Usage
from agents.models.task import LIVE
from agents.services import seat_agent
from rooms.models import Message, Room, User
from rooms.services.rooms import create_room
from rooms.services.tokens import create_token
from tests.live.servers import serving
from tests.plugins.rest import Asking, Caller
from tests.upstream.server import Upstream
from tests.waiting import until

from .asking import Aside, answer_to, ask, event_of, run_for
from .test_worker import Beat
from .worker import Workers, common, workers

pytestmark = [pytest.mark.django_db(transaction=True)]

__all__ = ["common", "workers"]

DIME = 100_000
BACKEND = "django.contrib.auth.backends.ModelBackend"

Door = Callable[[Room, str], Any]


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


def by_rest(rest: Caller) -> Door:
    return lambda room, body: rest.post(f"rooms/{room.slug}/messages/", {"body": body})


def by_page(browser: Client) -> Door:
    return lambda room, body: browser.post(f"/rooms/{room.slug}/messages/", {"body": body})


def together(rest: Caller) -> Door:
    return lambda room, body: rest.post(
        f"rooms/{room.slug}/ask/", {"body": body, "coordination": "separate", "agents": ["echo"]}
    )


def in_a_session(rest: Caller) -> Door:
    def say(room: Room, body: str) -> Any:
        begun = rest.post("/api/chat/sessions/", {"agents": ["echo"]})
        assert begun.status == 201, begun
        return rest.post(f"/api/chat/sessions/{begun['id']}/messages/", {"body": body})

    return say


def by_socket(port: int, secret: str) -> Door:
    def say(room: Room, body: str) -> Any:
        with connect(
            f"ws://127.0.0.1:{port}/ws/", additional_headers={"Authorization": f"Bearer {secret}"}, compression=None
        ) as socket:
            socket.send(orjson.dumps({"type": "message.post", "ref": "1", "room": room.slug, "body": body}).decode())
            while (answer := orjson.loads(socket.recv(20))).get("ref") != "1":
                pass
            assert answer["type"] == "ack", answer
            return answer

    return say


def again(rest: Caller, verb: str, question: Message) -> Door:
    """Regenerated, branched, or asked for once more."""
    run = run_for(question)

    def say(room: Room, body: str) -> Any:
        match verb:
            case "regenerate":
                return rest.post(f"messages/{run.reply_id}/regenerate/", {})
            case "branch":
                return rest.post(f"messages/{question.pk}/branch/", {"body": body})
        return rest.post(f"runs/{run.pk}/retry/")

    return say


def many_rooms(by: User, agent: Agent, count: int) -> list[Room]:
    """In one, an agent answers one person's questions as one."""
    rooms = [create_room(creator=by, name=f"Room {number}", slug=f"room-{number}") for number in range(count)]
    for room in rooms:
        seat_agent(room=room, agent=agent, by=by)
    return rooms


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_fifty_by_every_door_over_two_workers_spend_no_more_than_a_dime(
    den: Room, square: Room, ada: User, seat: Seat, upstream: Upstream, workers: Workers, asking: Asking,
    process_environment: dict[str, str], scripted: Scripted,
) -> None:  # fmt: skip
    rooms = many_rooms(ada, seat.agent, 44)
    before = [ask(room, ada, "@echo before?") for room in rooms[:4]]
    for _ in range(2):
        scripted.fails("refused")
    failed = [ask(room, ada, "@echo that breaks?") for room in rooms[4:6]]
    asked_before = set(Task.objects.values_list("pk", flat=True))
    price = {"prompt": 1, "completion": 100}
    facts = {"model": "openai/fine-n40-i20", "parameters": {"price": price}, "max_reply_tokens": 100}
    Agent.objects.update(**facts, visibility="public")
    mine = Account.objects.create(scope="person", key=str(ada.pk), period="day", limit_micros=DIME)
    real = {"LLM_MODEL": "openai/fine", "LLM_API_BASE": upstream.base, "LLM_API_KEY": "sk-test-key"}
    for _ in range(2):
        workers.start(**real)
    Seat.objects.filter(room__in=rooms[40:]).update(trigger="schedule", schedule="* * * * *", scheduled_by=ada)

    rest, (_, secret) = asking(ada), create_token(user=ada, name="socket", scopes=["read", "write"])
    with serving("uvicorn", process_environment) as (_, port), Aside(16) as aside:
        usual = [
            by_rest(rest),
            by_page(browser_of(ada)),
            together(rest),
            in_a_session(rest),
            by_socket(port, secret),
        ]
        doors = [(usual[number % 5], room) for number, room in enumerate(rooms[:40])]
        doors += [(again(rest, "regenerate", question), question.room) for question in before[:2]]
        doors += [(again(rest, "branch", question), question.room) for question in before[2:]]
        doors += [(again(rest, "retry", question), question.room) for question in failed]
        doors[20:20] = [(lambda room, body: tasks.keep_schedules(), rooms[40])]
        tried = [aside.run(door, room, f"@echo number {n}?") for n, (door, room) in enumerate(doors)]
        said = [each.result(60) for each in tried]
    assert {reply.status for reply in said if hasattr(reply, "status")} <= {200, 201}
    with Beat():
        until(lambda: Task.objects.exclude(pk__in=asked_before).count() >= 50 and is_quiet(), 150)
        for number in range(10):  # how many were answered depends on who asked while others were held
            if spent_by(ada) <= DIME // 2:
                say_and_wait(usual[0], den, f"@echo is some left, {number}?")

    mine.refresh_from_db()
    spent = spent_by(ada)
    assert DIME // 2 < spent == mine.spent_micros <= DIME
    assert mine.held_micros == 0
    assert not Hold.objects.filter(released_at=None).exists()
    assert not Usage.objects.filter(purpose="excess").exists()
    reasons = set(Task.objects.exclude(pk__in=asked_before).values_list("reason", flat=True))
    assert Reason.BUDGET in reasons
    assert reasons <= {Reason.ANSWERED, Reason.BUDGET, Reason.MERGED}
    notice = Task.objects.filter(reason=Reason.BUDGET, reply__isnull=False).first().reply.notice  # type: ignore[union-attr]
    assert "midnight UTC" in notice or "ask again in a moment" in notice


def say_and_wait(door: Door, room: Room, body: str) -> None:
    door(room, body)
    until(lambda: Task.objects.filter(trigger_message__body=body).exclude(status__in=LIVE).exists(), 60)


def spent_by(user: User) -> int:
    return Usage.objects.filter(payer=user).aggregate(sum=Sum("cost_micros"))["sum"] or 0


def is_quiet() -> bool:
    return not Task.objects.filter(status__in=LIVE).exists()


def test_a_hundred_questions_by_every_door_are_exactly_the_thirty_of_a_day(
    den: Room, ada: User, seat: Seat, scripted: Scripted, asking: Asking, settings: Any
) -> None:
    settings.SENDS_PER_MINUTE = settings.ASKS_PER_MINUTE = 0
    settings.ASKS_PER_DAY = 0
    rooms = many_rooms(ada, seat.agent, 20)
    answered = ask(den, ada, "@echo first of all?")
    settings.ASKS_PER_DAY = 30
    rest = asking(ada)
    usual = [by_rest(rest), by_page(browser_of(ada)), together(rest), again(rest, "branch", answered)]
    regenerate, first = again(rest, "regenerate", answered), answer_to(answered)
    refused: list[int] = []

    def try_one(number: int) -> None:
        if number % 10 == 9:  # counted at the door
            refused.append(regenerate(den, "").status)
            return
        room, body = rooms[number % 20], f"@echo number {number}?"
        usual[number % 4](room, body)
        tasks.wake(event_of(Message.objects.get(body=body)).pk)

    with Aside(12) as aside:
        for each in [aside.run(try_one, number) for number in range(100)]:
            each.result(60)
    let_in = Task.objects.exclude(trigger_message=answered, attempt=1).exclude(reason=Reason.QUOTA).count()
    assert let_in == 30
    assert set(refused) <= {201, 409, 429}
    told = rest.post(f"messages/{first.pk}/regenerate/", {})
    assert (told.status, told["code"]) == (429, "quota_exceeded")
    assert told["detail"].startswith("You have asked agents 30 times within a day. You can ask again in ")
