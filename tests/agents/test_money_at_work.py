"""Real workers, one of them killed while it answers: not a cent beyond the limit, and every hold comes back."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from agents.models import (
    Account,
    Agent,
    Conduct,
    Deployment,
    Health,
    Hold,
    Reason,
    Route,
    Seat,
    Step,
    Task,
    Usage,
)
from agents.models.task import LIVE
from rooms.models import Room, User
from tests.upstream.server import Upstream
from tests.waiting import until

from .asking import say
from .test_worker import Beat
from .worker import Workers, common, lease_is_over, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

__all__ = ["common", "workers"]

DIME = 100_000


def test_fifty_questions_and_a_killed_worker_cost_no_more_than_a_dime(
    den: Room, ada: User, seat: Seat, upstream: Upstream, workers: Workers
) -> None:
    price = {"prompt": 1, "completion": 100}
    Agent.objects.update(model="openai/fine-n40-i20", parameters={"price": price}, max_reply_tokens=100)
    for scope, key in (("person", ada.pk), ("room", den.pk), ("agent", seat.agent_id)):
        Account.objects.create(scope=scope, key=str(key), period="day", limit_micros=DIME)
    real = {"LLM_MODEL": "openai/fine", "LLM_API_BASE": upstream.base, "LLM_API_KEY": "sk-test-key"}

    first = workers.start(**real)
    threads = [say(den, ada, f"thread {number}").pk for number in range(50)]  # in one, they would be answered as one
    for thread in threads:
        say(den, ada, "@echo what does it cost?", thread=thread)
    until(lambda: Step.objects.filter(status="running").exclude(prompt_sha256="").count() >= 3)
    first.kill()
    lease_is_over()
    lost = Hold.objects.filter(released_at=None).count()
    assert lost
    workers.start(**real)
    with Beat():
        until(lambda: Task.objects.count() == 50 and not Task.objects.filter(status__in=LIVE).exists(), 90)

    check(DIME)
    assert Task.objects.filter(reason=Reason.WORKER_LOST).exists()
    again = say(den, ada, "@echo and what was held is there again?")
    until(lambda: Task.objects.filter(trigger_message=again, reason=Reason.ANSWERED).exists())
    check(DIME)


def test_a_deployment_gives_no_more_than_its_dime_a_day_to_two_workers_one_of_them_killed(
    den: Room, ada: User, seat: Seat, upstream: Upstream, workers: Workers
) -> None:
    route = Route.objects.create(name="fast")
    facts = {"prompt_price": 1, "completion_price": 100, "dollars_per_day": "0.10", "tokens_per_minute": 100_000}
    Deployment.objects.create(route=route, name="own", model="openai/fine-n40-i20", base_url=upstream.base, **facts)
    Agent.objects.update(route=route, max_reply_tokens=100)
    Conduct.objects.create(room=den, max_cost_micros=DIME)

    first = workers.start()
    workers.start()
    say(den, ada, "@echo what does one cost?")  # of the others none may come to its end
    until(lambda: Task.objects.filter(reason=Reason.ANSWERED).exists())
    threads = [say(den, ada, f"thread {number}").pk for number in range(50)]
    for thread in threads:
        say(den, ada, "@echo what does it cost?", thread=thread)
    its = Step.objects.filter(status="running", lease_owner__endswith=f":{first.process.pid}")
    until(lambda: len(Health.objects.get().slots) >= 3 and its.exists())
    first.kill()
    with Beat():
        until(lambda: Task.objects.count() == 51 and not Task.objects.filter(status__in=LIVE).exists(), 150)

    row = Health.objects.get()
    spent = Usage.objects.aggregate(sum=Sum("cost_micros"))["sum"]
    assert 0 < spent == row.spent_micros <= DIME
    assert row.slots == {}
    assert not Hold.objects.filter(released_at=None).exists()
    assert Task.objects.filter(reason=Reason.WORKER_LOST).exists()
    assert set(Usage.objects.values_list("deployment", flat=True)) <= {"fast/own", ""}


def check(limit: int) -> None:
    """Nothing is held, nobody has spent more than they may, and the accounts say what the ledger says."""
    spent = Usage.objects.aggregate(sum=Sum("cost_micros"))["sum"]
    assert 0 < spent <= limit
    assert not Hold.objects.filter(released_at=None).exists()
    for account in Account.objects.exclude(scope="chain"):
        assert (account.spent_micros, account.held_micros) == (spent, 0), account
