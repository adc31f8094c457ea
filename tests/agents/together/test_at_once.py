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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(180)]

__all__ = ["common", "workers"]


def ended(posted: Posted) -> Any:
    """The first question pays for the worker's first call, which may take it longer than the others together."""
    runs = Task.objects.filter(trigger_message=posted.message["id"])
    return until(lambda: runs.exclude(ended_at=None).first(), 60)


def test_five_agents_answer_within_the_slowest_and_a_second(
    den: Room, ada: User, seat: Seat, upstream: Upstream, workers: Workers
) -> None:
    """By the times the steps themselves record: five models of a second each are not five seconds."""
    for name in ("nod", "wit", "sky", "sea"):
        another_agent(den, ada, name)
    Agent.objects.update(model="openai/fine-f1000")
    workers.start(LLM_MODEL="openai/fine", LLM_API_BASE=upstream.base, LLM_API_KEY="sk-test-key")
    ended(ask(room=den, by=ada, body="awake?", coordination="separate", agents=["echo"]))
    run = ended(ask(room=den, by=ada, body="tea?", coordination="parallel"))
    assert run.status == Status.DONE, run.notice
    consults: list[Any] = list(run.steps.filter(kind="consult"))
    assert len(consults) == 5
    began = min(step.started_at for step in consults)
    slowest = max((step.ended_at - step.started_at).total_seconds() for step in consults)
    phase = (max(step.ended_at for step in consults) - began).total_seconds()
    assert slowest >= 1.0
    assert phase < slowest + 1.0
    assert phase < sum((step.ended_at - step.started_at).total_seconds() for step in consults) / 2
    speaker = run.steps.get(kind="complete")
    assert (speaker.started_at - max(step.ended_at for step in consults)).total_seconds() < 1.0
