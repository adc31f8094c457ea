"""With a real worker and a provider over real HTTP: what does not need each other goes on at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Agent, Seat, Status, Task
from agents.services import ask
from rooms.models import Room, User
from rooms.services.messages import Posted
from tests.upstream.server import Upstream
from tests.waiting import until

from ..conftest import another_agent
from ..worker import Workers, common, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "workers"]


def ended(posted: Posted) -> Any:
    """The first question pays for the worker's first call, which may take it longer than the others together."""
    runs = Task.objects.filter(trigger_message=posted.message["id"])
    return until(lambda: runs.exclude(ended_at=None).first(), 60)


def test_five_agents_are_asked_at_once_and_one_speaks_within_a_second_of_the_slowest(
    den: Room, ada: User, seat: Seat, upstream: Upstream, workers: Workers
) -> None:
    for name in ("nod", "wit", "sky", "sea"):
        another_agent(den, ada, name)
    Agent.objects.update(model="openai/fine")
    workers.start(LLM_MODEL="openai/fine", LLM_API_BASE=upstream.base, LLM_API_KEY="sk-test-key")
    ended(ask(room=den, by=ada, body="awake?", coordination="separate", agents=["echo"]))

    Agent.objects.update(model="openai/together-n5")  # it answers nobody before all five have asked
    run = ended(ask(room=den, by=ada, body="tea?", coordination="parallel"))
    assert run.status == Status.DONE, run.notice
    assert run.steps.filter(kind="consult").count() == 5

    Agent.objects.update(model="openai/fine-f1000")
    tries = (ended(ask(room=den, by=ada, body="more tea?", coordination="parallel")) for _ in range(3))
    assert any(beyond_the_slowest(run) < 1.0 for run in tries), "a machine may stand still once, but not each time"


def beyond_the_slowest(run: Task) -> float:
    """Seconds from the first one's start to the beginning of the answer, without those that the slowest took.

    By the times that the steps themselves record."""
    consults: list[Any] = list(run.steps.filter(kind="consult"))
    speaker: Any = run.steps.get(kind="complete")
    slowest = max(step.ended_at - step.started_at for step in consults)
    spent = speaker.started_at - min(step.started_at for step in consults)
    seconds: float = (spent - slowest).total_seconds()
    return seconds
