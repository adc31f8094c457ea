"""What is usual is written in one statement, and leaves behind what the long way leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, connections, transaction

from agents import tasks
from agents.llm.scripted import Scripted
from agents.models import Account, Agent, Hold, Prompt, Reason, Seat, Step, Tape, Task, Usage, Wake
from agents.runs import endings
from agents.runs import life as runs
from agents.runs.fetching import Table
from agents.services import seat_agent
from agents.switches import flags
from agents.triggers import waking
from rooms import background, prepared, reading, written
from rooms.live.frames import Frame
from rooms.models import Event, Membership, Message, Room, User
from rooms.models.allowance import Tally, What
from rooms.services.messages import redact_message
from tests.waiting import PATIENCE, until

from .asking import Aside, answer_to, ask, event_of, run_for, say

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = {"created_at", "queued_at", "started_at", "ended_at", "at", "released_at", "edited_at", "since", "resets_at"}


@pytest.fixture
def attic(den: Room, ada: User, bob: User, mod: User, seat: Seat) -> Room:
    """A room like the den."""
    room = Room.objects.create(slug="attic", name=den.name, topic=den.topic, created_by=ada)
    for one in Membership.objects.filter(room=den).exclude(user=seat.agent.user):
        Membership.objects.create(room=room, user=one.user, role=one.role)
    seat_agent(room=room, agent=seat.agent, by=ada)
    Room.objects.filter(pk=room.pk).update(last_seq=Room.objects.get(pk=den.pk).last_seq)
    return room


@contextmanager
def the_long_way(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(waking, "is_usual", lambda *_: False)
        patched.setattr(import_module("agents.steps.complete"), "begin_at_once", lambda *_: None)
        patched.setattr(endings, "finish", lambda *_: False)
        yield


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the ends of answers were the usual ones."""
    found: list[bool] = []
    was = endings.finish

    def noted(*args: Any) -> bool:
        found.append(was(*args))
        return found[-1]

    monkeypatch.setattr(endings, "finish", noted)
    return found


def left_by(question: Message) -> dict[str, Any]:
    """All rows of a question and its answer, with names in the place of ids."""
    room, run = question.room, run_for(question)
    step = Step.objects.get(task=run)
    names = {str(question.pk): "question", str(run.reply_id): "reply", str(run.pk): "run", str(step.pk): "step"}
    names |= {room.slug: "room", str(step.prompt_id): "prompt"}
    rows = {
        "task": Task.objects.filter(pk=run.pk),
        "step": Step.objects.filter(pk=step.pk),
        "messages": Message.objects.filter(room=room).order_by("seq"),
        "events": Event.objects.filter(room=room, seq__gte=question.seq).order_by("seq"),
        "usage": Usage.objects.filter(step=step),
        "tape": Tape.objects.filter(step=step),
        "holds": Hold.objects.filter(step=step),
        "accounts": Account.objects.filter(scope="chain", key=str(question.pk)),
        "prompt": Prompt.objects.filter(pk=step.prompt_id),
        "wake": Wake.objects.filter(event=event_of(question)),
        "asked": Tally.objects.filter(room=room, what=What.ASK),
    }
    return {name: [plain(row, names, room) for row in found.values()] for name, found in rows.items()}


def plain(row: dict[str, Any], names: dict[str, str], room: Room) -> dict[str, Any]:
    kept: dict[str, Any] = {name: value is not None if name in TIMES else value for name, value in row.items()}
    for name in ("request_sha256", "prompt_sha256", "event_id", "seat_id", "accounts"):
        kept.pop(name, None)
    if kept.get("room_id") == room.pk:
        kept["room_id"] = "room"
    if isinstance(kept.get("id"), int):
        del kept["id"]
    if "request" in kept:
        kept["request"] = sorted(kept["request"])
    return {name: named(value, names) for name, value in kept.items()}


def named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: named(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [named(one, names) for one in value]
    return names.get(str(value), value)


@pytest.mark.parametrize("price", [0, 2.5])
def test_an_answer_leaves_the_same_behind_in_either_way(
    den: Room, attic: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, price: float
) -> None:
    Agent.objects.update(parameters={"price": {"prompt": price, "completion": price}} if price else {})
    scripted.says("Hello **you**, ", "and <others>.")
    short = ask(den, ada, "@echo are you there?")
    scripted.says("Hello **you**, ", "and <others>.")
    with the_long_way(monkeypatch):
        long = ask(attic, ada, "@echo are you there?")
    assert run_for(short).reason == run_for(long).reason == Reason.ANSWERED
    assert left_by(short) == left_by(long)


def test_what_listeners_are_told_is_what_the_log_tells(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Frame] = []
    scripted.says("Yes.")
    monkeypatch.setattr(written, "publish", told.extend)
    question = ask(den, ada, "@echo are you there?")
    told = [frame for frame in told if frame.seq is not None]
    logged = [frame for frame, _ in reading.read_events(den, reading.NOBODY, question.seq).frames]
    assert [frame.type for frame in told] == ["message.started", "run.started", "message.finished", "run.ended"]
    assert told[1:] == logged[1:]  # the first is hydrated anew, from what became of it
    assert (told[0].state, logged[0].state) == ("writing", "visible")


def test_a_whisper_is_answered_to_the_same_readers(
    den: Room, attic: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = ["bob", "echo"]
    scripted.says("Yes.")
    short = ask(den, ada, "@echo between us?", visible_to=readers)
    scripted.says("Yes.")
    with the_long_way(monkeypatch):
        long = ask(attic, ada, "@echo between us?", visible_to=readers)
    assert answer_to(short).visible_to == sorted([ada.pk, bob.pk, seat.agent.user_id])
    assert left_by(short) == left_by(long)


def test_an_answer_that_names_somebody_is_ended_in_the_long_way(
    den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted, ended: list[bool]
) -> None:
    scripted.says("Ask @bob.")
    assert answer_to(ask(den, ada, "@echo?")).mentions == ["bob"]
    assert ended == [False]


def test_nobody_ends_an_answer_that_is_another_workers(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    scripted.says("Hello")
    step = waking.answer(event_of(say(den, ada, "@echo?")).pk)[0]
    before = Room.objects.get(pk=den.pk).last_seq
    step.held_on = 0
    assert not endings.finish(step, 7, endings.Outcome(Reason.ANSWERED, "Mine"))
    assert Room.objects.get(pk=den.pk).last_seq == before
    assert not Usage.objects.exists()


def test_who_takes_the_question_back_meanwhile_takes_its_tape_with_it(
    den: Room, ada: User, mod: User, seat: Seat, scripted: Scripted, ended: list[bool]
) -> None:
    """The end waits for the redaction, and then sees it."""
    scripted.says("Hello")
    question = say(den, ada, "@echo?")
    with Aside(1) as aside:
        with transaction.atomic():
            redacted = redact_message(message=question, by=mod)
            answering = aside.run(tasks.wake, event_of(question).pk)
            until(lambda: waits_for_a_lock() or answering.done())
        answering.result(PATIENCE)
    assert redacted.state == "redacted"
    assert not Tape.objects.exists()


def waits_for_a_lock() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone() != (0,)


def test_answers_and_messages_at_once_leave_no_gap_in_the_numbers(
    den: Room, ada: User, seat: Seat, scripted: Scripted
) -> None:
    """Questions are answered one after the other, whispers beside them, while people talk."""
    questions = [say(den, ada, f"@echo {number}?", visible_to=["echo"] if number % 2 else None) for number in range(6)]
    with Aside(8) as aside:
        work = [aside.run(tasks.wake, event_of(question).pk) for question in questions]
        work += [aside.run(say, den, ada, f"word {number}") for number in range(12)]
        for one in work:
            one.result(PATIENCE)
    numbers = list(Event.objects.filter(room=den).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[-1] == Room.objects.get(pk=den.pk).last_seq
    answers = Message.objects.filter(author=seat.agent.user, state=Message.State.VISIBLE)
    assert 1 < answers.count() == Task.objects.filter(reason=Reason.ANSWERED).count() == Usage.objects.count()


def test_an_event_told_twice_at_once_is_answered_once(den: Room, ada: User, seat: Seat, scripted: Scripted) -> None:
    question = say(den, ada, "@echo?")
    with Aside(4) as aside:
        for one in [aside.run(tasks.wake, event_of(question).pk) for _ in range(4)]:
            one.result(PATIENCE)
    until(lambda: run_for(question).reason == Reason.ANSWERED)
    assert Message.objects.filter(author=seat.agent.user).count() == 1


def test_before_a_model_is_called_four_statements_are_made_and_none_by_the_orm(
    den: Room, ada: User, seat: Seat, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message with everybody who could answer it, the mark, the task, and what was said before."""
    monkeypatch.setattr(flags, "KEPT", 600)
    flags.forget()
    ask(den, ada, "@echo?")  # the switches, which a process reads once a second, are known now
    made: list[str] = []

    def noted(what: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any) -> Any:
            made.append(what)
            return work(*args)

        return done

    def uncalled(work: Coroutine[Any, Any, Any]) -> Future[Any]:
        work.close()
        return Future()

    monkeypatch.setattr(prepared, "fetch", noted("ours", prepared.fetch))
    monkeypatch.setattr(background, "submit", noted("call", uncalled))
    question = event_of(say(den, ada, "@echo and now?")).pk
    made.clear()
    with connection.execute_wrapper(noted("orm", lambda execute, *args: execute(*args))):
        laid = waking.laid_for(question)
        runs.begin_laid(laid.steps[0], laid.claim)
    assert made == ["ours"] * 4 + ["call"] + ["ours"]


def test_a_row_makes_the_models_that_django_would_make_of_it(den: Room, ada: User, seat: Seat) -> None:
    for model in (Message, Room, User, Seat, Agent):
        table = Table(model, "x")
        for one in model._default_manager.all():
            values = [getattr(one, name) for name in table.names]
            ours, theirs = table.made(values), model.from_db("default", table.names, values)
            assert {**vars(ours), "_state": None} == {**vars(theirs), "_state": None}
            assert (ours._state.adding, ours._state.db) == (theirs._state.adding, theirs._state.db)
            assert ours._state.fields_cache == theirs._state.fields_cache == {}
