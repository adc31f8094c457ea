"""Fifty questions at once, a provider in every mood, and a worker that is killed in their midst."""

from __future__ import annotations

from collections import Counter

import pytest

from agents.models import Agent, Reason, Seat, Step, Task, Usage
from agents.models.task import ENDED, LIVE
from rooms.models import Event, Message, Room, User
from tests.upstream.server import Upstream
from tests.waiting import until

from .asking import Aside, say
from .conftest import another_agent
from .test_worker import Beat
from .worker import Workers, common, lease_is_over, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "workers"]

MOODS = ["fine-n40-i50", "hang", "stall", "cut", "reset", "malformed", "html", "500", "eof", "drip"]
EACH = 5
CALLED = {Reason.ANSWERED, Reason.WORKER_LOST, Reason.TRUNCATED, Reason.PROTOCOL, Reason.TIMEOUT}
HASTY = {"connect_seconds": 2, "first_token_seconds": 6, "idle_seconds": 3, "total_seconds": 12}


@pytest.fixture
def agents(den: Room, ada: User) -> list[Agent]:
    """One for each mood, by name."""
    seats: list[Seat] = [
        another_agent(den, ada, f"agent{number}", model=f"openai/{mood}", **HASTY) for number, mood in enumerate(MOODS)
    ]
    return [seat.agent for seat in seats]


def is_quiet() -> bool:
    return Task.objects.count() == len(MOODS) * EACH and not Task.objects.filter(status__in=LIVE).exists()


def test_fifty_runs_with_faults_and_a_killed_worker_each_end_once(
    den: Room, ada: User, bob: User, agents: list[Agent], upstream: Upstream, workers: Workers
) -> None:
    provider = {"LLM_MODEL": "openai/fine", "LLM_API_BASE": upstream.base, "LLM_API_KEY": "sk-test-key"}
    threads = [say(den, ada, f"thread {number}") for number in range(EACH)]
    doomed = workers.start(**provider)
    with Aside() as aside:
        for number in range(EACH):
            for agent in agents:
                thread = threads[number].pk  # in one, they would be answered as one
                aside.run(say, den, ada if number % 2 else bob, f"@{agent.user.username} and {number}?", thread=thread)
    until(lambda: Step.objects.filter(status="running").count() >= 5, 60)
    until(lambda: Message.objects.filter(state="visible", author__kind="agent").exists(), 60)
    doomed.kill()
    lease_is_over()
    workers.start(**provider)
    with Beat():
        until(is_quiet, 150)

    tasks = list(Task.objects.all())
    assert Counter(task.trigger_message_id for task in tasks).most_common(1)[0][1] == 1
    assert all(task.status in ENDED and task.reason in Reason.values for task in tasks)
    assert not Message.objects.filter(state="writing").exists()
    assert not Step.objects.filter(status__in=LIVE).exists()
    ended = Counter(event.data["run"] for event in Event.objects.filter(room=den, type="run.ended"))
    assert ended == Counter(str(task.pk) for task in tasks)
    settled = Event.objects.filter(type__in=["message.finished", "message.interrupted"])
    assert Counter(settled.values_list("message_id", flat=True)) == Counter(task.reply_id for task in tasks)
    charged = Counter(Usage.objects.values_list("step_id", flat=True))
    assert set(charged.values()) == {1}
    assert all(step.attempt <= 1 for step in Step.objects.all())
    called = Step.objects.filter(task__reason__in=CALLED, prompt_tokens__gt=0).values_list("pk", flat=True)
    assert set(called) <= charged.keys()
    reasons = Counter(task.reason for task in tasks)
    assert reasons[Reason.ANSWERED] >= 1
    assert reasons[Reason.WORKER_LOST] >= 1
    assert Reason.ERROR not in reasons
