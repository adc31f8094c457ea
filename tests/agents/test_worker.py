"""With a real worker: what people see when it works, dies, sleeps, or loses its queue."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now

from agents import tasks
from agents.models import Agent, Reason, Seat, Status, Step, Task, Usage
from agents.runs.claims import LEASE
from agents.services import cancel_run, retry_run
from rooms import background
from rooms.live import streams
from rooms.models import Event, Message, Room, User
from tests.waiting import PATIENCE, until

from .asking import Aside, run_for, say
from .worker import Worker, Workers, common, is_idle, lease_is_over, worker, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "worker", "workers"]


def model(name: str, **facts: object) -> None:
    Agent.objects.update(model=f"scripted:{name}", **facts)


def reply(state: str = "") -> Message:
    """The only answer, once it has this state."""
    wanted = Message.objects.filter(author__kind="agent", **({"state": state} if state else {}))
    return until(wanted.first, 2 * PATIENCE)


def spoken() -> str:
    """What was shown of the only answer, once something was."""
    writing = reply("writing")
    return until(lambda: streams.text_so_far(writing.pk))


class Beat:
    """Sweeps as beat does, without beat."""

    def __enter__(self) -> Self:
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def go_on(self) -> None:
        while not self.over.wait(1):
            tasks.sweep()
        connections.close_all()


def test_a_mention_is_answered_by_a_worker(den: Room, ada: User, seat: Seat, worker: Worker) -> None:
    model("words-i5-n30")
    question = say(den, ada, "@echo?")
    answer = reply("visible")
    assert answer.body.split() == [f"word{number}" for number in range(1, 31)]
    until(lambda: run_for(question).status == Status.DONE)
    usage = Usage.objects.get()
    assert usage.completion_tokens > 0
    assert not usage.estimated or usage.model.startswith("scripted")


def test_people_hear_the_text_as_it_is_written(den: Room, ada: User, seat: Seat, worker: Worker) -> None:
    model("words-i20-n50")
    with Listening(den) as heard:
        say(den, ada, "@echo?")
        answer = reply("visible")
        until(lambda: "message.finished" in heard.types)
    pieces = [data for kind, data in heard.frames if kind == "message.text"]
    assert heard.types.index("message.started") < heard.types.index("message.text")
    text = ""
    for piece in pieces:
        assert (piece["message"], piece["offset"]) == (str(answer.pk), len(text))
        text += piece["text"]
    assert text == answer.body
    assert len(pieces) > 1


class Listening:
    """What the channel layer carries of a room, as every hub hears it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.frames: list[tuple[str, dict]] = []

    @property
    def types(self) -> list[str]:
        return [kind for kind, _ in self.frames]

    def __enter__(self) -> Self:
        ready = threading.Event()
        self.task = background.submit(self.listen(ready))
        assert ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.task.cancel()

    async def listen(self, ready: threading.Event) -> None:
        import orjson
        from channels.layers import get_channel_layer

        from rooms.relaying import group_of

        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_of(self.room.pk), channel)
        ready.set()
        while True:
            message = await layer.receive(channel)
            self.frames.append((message["kind"], orjson.loads(message["text"])["data"]))


def test_stopping_reaches_the_worker(den: Room, ada: User, seat: Seat, worker: Worker) -> None:
    model("stall", idle_seconds=100)
    question = say(den, ada, "@echo?")
    spoken()
    cancel_run(run=run_for(question), by=ada)
    assert reply("interrupted").notice == "Stopped by @ada."


def test_twenty_questions_at_once_are_twenty_answers_side_by_side(
    den: Room, ada: User, seat: Seat, worker: Worker
) -> None:
    """More than there are connections to the database: none is held while something else is waited for."""
    assert worker.process.poll() is None
    model("stall", idle_seconds=100)
    threads = [say(den, ada, f"thread {number}").pk for number in range(20)]  # in one, they would be answered as one
    with Aside() as aside:
        for thread in threads:
            aside.run(say, den, ada, "@echo?", thread=thread)
    until(lambda: Message.objects.filter(author__kind="agent", state="writing").exclude(body="").count() == 20)
    for run in Task.objects.all():
        cancel_run(run=run, by=ada)
    until(lambda: Message.objects.filter(author__kind="agent", state="interrupted").count() == 20)
    assert Usage.objects.count() == Task.objects.filter(reason=Reason.CANCELLED).count() == 20


def test_a_worker_killed_in_mid_sentence_leaves_marked_words(
    den: Room, ada: User, seat: Seat, workers: Workers
) -> None:
    worker = workers.start()
    model("stall")
    question = say(den, ada, "@echo?")
    shown = spoken()
    until(lambda: reply("writing").body == shown)
    worker.kill()
    lease_is_over()
    redis.Redis.from_url(settings.REDIS_URL).flushdb()  # its words are in PostgreSQL by now
    with Beat():
        answer = reply("interrupted")
    assert answer.body == shown
    assert answer.notice
    run = run_for(question)
    assert (run.status, run.reason) == (Status.INTERRUPTED, Reason.WORKER_LOST)
    assert Usage.objects.get().estimated

    model("say all is well")
    workers.start()
    retry_run(run=Task.objects.select_related("room", "agent__user").get(pk=run.pk), by=ada)
    assert reply("visible").body == "all is well"
    assert Usage.objects.count() == 2


def test_a_worker_that_slept_through_its_lease_says_nothing_when_it_wakes(
    den: Room, ada: User, seat: Seat, workers: Workers
) -> None:
    worker = workers.start()
    model("words-i50-n2000", total_seconds=200)
    question = say(den, ada, "@echo?")
    spoken()
    worker.freeze()
    try:
        with Beat():
            answer = reply("interrupted")
        told = events_of(answer)
        shown = streams.text_so_far(answer.pk)
    finally:
        worker.thaw()
    model("stall", idle_seconds=100)
    say(den, ada, "@echo awake?")
    until(lambda: Message.objects.filter(state="writing").exclude(body="").exists())  # it has looked at all it does
    assert worker.process.poll() is None
    assert Message.objects.get(pk=answer.pk).body == answer.body
    assert events_of(answer) == told
    assert streams.text_so_far(answer.pk) == shown
    assert run_for(question).reason == Reason.WORKER_LOST
    assert Usage.objects.count() == 1


def events_of(answer: Message) -> list[int]:
    run = Q(data__run=str(answer.task.pk))
    return list(Event.objects.filter(Q(message=answer) | run).order_by("seq").values_list("seq", flat=True))


def test_forty_five_seconds_are_enough_for_a_lease_and_a_sweep() -> None:
    sweep: Any = settings.CELERY_BEAT_SCHEDULE["agents.sweep"]["schedule"]
    assert LEASE + 2 * sweep.run_every.total_seconds() <= 45


def test_a_worker_that_is_asked_to_stop_ends_its_sentences(den: Room, ada: User, seat: Seat, workers: Workers) -> None:
    worker = workers.start()
    model("stall", idle_seconds=100)
    say(den, ada, "@echo?")
    shown = spoken()
    worker.stop()
    answer = reply("interrupted")
    assert (answer.body, Task.objects.get().reason) == (shown, Reason.WORKER_LOST)


def test_questions_in_a_queue_that_was_wiped_are_answered_all_the_same(
    den: Room, ada: User, seat: Seat, workers: Workers
) -> None:
    model("say here I am")
    question = say(den, ada, "@echo?")
    until(lambda: not Event.objects.get(message=question, type="message.posted").pending)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    workers.start()
    with Beat():
        assert reply("visible").body == "here I am"
    assert Task.objects.count() == 1


def test_two_workers_share_one_question(den: Room, ada: User, seat: Seat, workers: Workers) -> None:
    for _ in range(2):
        workers.start()
    model("words-i5-n10")
    question = say(den, ada, "@echo?")
    event = Event.objects.get(message=question, type="message.posted")
    for _ in range(6):
        tasks.wake.delay(event.pk)
    reply("visible")
    settled: Callable[[], bool] = lambda: not Step.objects.filter(status__in=["waiting", "running"]).exists()
    until(settled)
    until(is_idle)
    assert Usage.objects.count() == Message.objects.filter(author__kind="agent").count() == 1


def test_the_relay_sweeps_also_when_no_worker_lives(
    den: Room, ada: User, seat: Seat, workers: Workers, process_environment: dict[str, str], tmp_path: Path
) -> None:
    worker = workers.start()
    model("stall")
    question = say(den, ada, "@echo?")
    spoken()
    worker.kill()
    Step.objects.update(lease_until=Now())
    with (tmp_path / "relay.log").open("ab") as log:
        command = [sys.executable, "manage.py", "relay"]
        relay = subprocess.Popen(command, env=process_environment, stdout=log, stderr=log)
    try:
        assert reply("interrupted").notice
    finally:
        relay.terminate()
        assert relay.wait(PATIENCE) == 0
    assert run_for(question).reason == Reason.WORKER_LOST
