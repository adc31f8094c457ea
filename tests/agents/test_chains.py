"""With a real worker: agents that name one another for ever, and people who write while an agent does."""

from __future__ import annotations

import pytest

from agents.models import Bound, Chain, Conduct, Reason, Seat, Task
from rooms.models import Message, Room, User
from tests.waiting import until

from .asking import run_for, say
from .conftest import another_agent
from .worker import Worker, common, worker, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "worker", "workers"]


def is_quiet() -> bool:
    return Task.objects.exists() and not Task.objects.filter(status__in=["waiting", "running"]).exists()


def test_ten_agents_that_name_one_another_for_ever_end_at_the_turns_allowed(
    den: Room, ada: User, worker: Worker
) -> None:
    Conduct.objects.create(room=den, max_turns=12, max_depth=20)
    names = [f"talker{number}" for number in range(10)]
    words = " ".join(f"@{name}" for name in names)
    for name in names:
        another_agent(den, ada, name, trigger="always", model=f"scripted:say go on {words}")
    question = say(den, ada, "hello everybody")
    until(lambda: Message.objects.filter(author__kind="system").exists() and is_quiet(), 60)
    spoken = Message.objects.filter(room=den, author__kind="agent", state="visible")
    assert spoken.count() == Task.objects.exclude(reason=Reason.MERGED).count() == 12
    chain = Chain.objects.get(root=question)
    assert (chain.turns, chain.bound) == (12, Bound.TURNS)
    assert Message.objects.filter(author__kind="system").count() == 1


def test_what_is_written_while_an_agent_writes_is_answered_as_one(
    den: Room, ada: User, seat: Seat, worker: Worker
) -> None:
    seat.agent.model = "scripted:words-f100-i20-n40"
    seat.agent.save()
    first = say(den, ada, "@echo one?")
    until(lambda: Message.objects.filter(author__kind="agent", state="writing").exists())
    later = [say(den, ada, f"@echo {word}?") for word in ("two", "three", "four")]
    until(lambda: run_for(first).reason and Task.objects.count() == 4 and is_quiet())
    assert [run_for(question).reason for question in later] == [Reason.MERGED, Reason.MERGED, Reason.ANSWERED]
    assert Message.objects.filter(author__kind="agent").count() == 2
