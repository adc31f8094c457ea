"""Whoever collects errors with the values in each frame, as services for that do, finds no key among them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import pytest

from agents import tasks
from agents.models import Agent, Deployment, Reason, Route, Seat, Step, Task, Usage
from agents.routing import probing
from agents.sealing import Secret
from agents.speaking import listening
from rooms.models import Event, Message, Room, User
from tests.upstream.server import Upstream

from ..asking import ask, run_for
from .conftest import KEY, Deploy

pytestmark = pytest.mark.django_db(transaction=True)


class Collector(logging.Handler):
    """Keeps what every log record says, with the values of all frames of its exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []
        self.frames = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage() + repr(record.args))
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        while error is not None:
            self.said.append(repr(error))
            self.walk(error.__traceback__)
            error = error.__cause__ or error.__context__

    def walk(self, trace: TracebackType | None) -> None:
        while trace is not None:
            self.frames += 1
            for name, value in trace.tb_frame.f_locals.items():
                self.said.append(f"{name}={value!r}")
                self.said.append(repr(getattr(value, "__dict__", "")))
            trace = trace.tb_next


@pytest.fixture
def collector() -> Iterator[Collector]:
    found, root = Collector(), logging.getLogger()
    level = root.level
    root.addHandler(found)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(found)
    root.setLevel(level)


@pytest.mark.parametrize("lane", ["direct", "litellm"])
@pytest.mark.parametrize("model", ["401", "key-in-stream", "500", "reset", "html", "malformed"])
def test_a_call_that_breaks_logs_no_key(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, collector: Collector, model: str, lane: str
) -> None:
    deploy(model, lane=lane)
    ask(den, ada, "@echo?")
    probing.ask_these([Deployment.objects.get().pk])
    assert KEY in upstream.calls[0].headers["authorization"]
    assert KEY not in "".join(collector.said)
    kept = [*Task.objects.values(), *Step.objects.values(), *Usage.objects.values(), *Message.objects.values()]
    assert KEY not in str(kept) + str([*Event.objects.values(), *Deployment.objects.values("health__last_words")])


@pytest.mark.parametrize("lane", ["direct", "litellm"])
def test_a_fault_of_our_own_in_the_midst_of_a_call_shows_none_in_any_frame(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, collector: Collector, lane: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deploy("fine", lane=lane)

    async def breaks(talk: Any, leave: Any) -> Any:
        async for _ in leave.candidate.backend.stream(talk.request):
            raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(listening, "heard", breaks)
    question = ask(den, ada, "@echo?")
    assert run_for(question).reason == Reason.ERROR
    assert collector.frames > 3
    assert KEY not in "".join(collector.said)


@pytest.mark.parametrize(
    ("model", "lane"),
    [("openai/redirects", "direct"), ("openai/redirects", "litellm"), ("anthropic/redirects", "auto"),
     ("azure/redirects", "auto")],
)  # fmt: skip
@pytest.mark.usefixtures("_litellm")
def test_nothing_goes_where_an_answer_redirects_to(fast: Route, upstream: Upstream, model: str, lane: str) -> None:
    base = upstream.base if model.startswith("openai/") else upstream.base.removesuffix("/v1")
    made = Deployment(route=fast, name="own", model=model, base_url=base, api_version="2024-10-21", lane=lane)
    made.keep_key(KEY)
    made.save()
    probing.ask_these([made.pk])
    assert [call.headers["host"].partition(":")[0] for call in upstream.calls] == ["127.0.0.1"]
    made.health.refresh_from_db()
    assert made.health.failures == 1
    assert KEY not in made.health.last_words


def test_what_is_queued_is_ids_alone(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.run_step, "delay", lambda *args: sent.append(args))
    monkeypatch.setattr(tasks.ask_deployments, "delay", lambda *args: sent.append(args))
    made = deploy("fine")
    tasks.send(tasks.ask_deployments, [made.pk])
    tasks.queue([Agent.objects.get().pk])  # type: ignore[list-item]
    assert sent == [([made.pk],), (str(Agent.objects.get().pk),)]


def test_a_key_prints_itself_nowhere_but_where_it_is_sent() -> None:
    key = Secret(KEY)
    assert KEY not in repr(key) + repr([key]) + repr({"api_key": key})
    assert f"Bearer {key}" == f"Bearer {KEY}"
