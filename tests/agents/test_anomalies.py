"""Costs out of the ordinary are noticed once for each subject and window."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.llm.scripted import Scripted
from agents.models import Account, Alarm, Seat, Usage
from agents.money import anomalies
from rooms.models import Room, User
from tests.conftest import person

from .asking import ask

pytestmark = pytest.mark.django_db(transaction=True)

DOLLAR = 1_000_000


@pytest.fixture
def spend(den: Room, ada: User, seat: Seat, scripted: Scripted) -> Any:
    """An answer for Ada that cost so much, so long before now."""
    scripted.says("Yes.")
    ask(den, ada, "@echo?")
    first = Usage.objects.get()
    first.delete()

    def spend(micros: int, **ago: float) -> None:
        fence = Usage.objects.count() + 1
        facts = {"step": first.step, "agent": first.agent, "room": den, "payer": ada, "requester": ada, "model": "m"}
        usage = Usage.objects.create(**facts, fence=fence, cost_micros=micros)
        Usage.objects.filter(pk=usage.pk).update(created_at=datetime.now(UTC) - timedelta(**ago))

    return spend


def kinds() -> set[tuple[str, str]]:
    return set(Alarm.objects.values_list("scope", "kind"))


def test_three_times_what_is_usual_is_told_of_once_for_each_subject(
    spend: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for days in range(1, 8):
        spend(DOLLAR // 2, days=days)
    spend(4 * DOLLAR, seconds=0)
    with caplog.at_level(logging.WARNING):
        told = anomalies.notice()
    assert {("person", "day"), ("room", "day"), ("agent", "day")} <= kinds()
    assert any("Person ada has spent $4.00 today, usually $0.50 a day." in record.message for record in caplog.records)
    assert len(told) == Alarm.objects.count()
    assert anomalies.notice() == []


def test_what_is_usual_or_a_trifle_is_not_told_of(spend: Any) -> None:
    for days in range(1, 8):
        spend(3 * DOLLAR, days=days)
    spend(8 * DOLLAR, seconds=0)
    anomalies.notice()
    assert not {kind for _, kind in kinds()} & {"day"}
    Usage.objects.all().delete()
    spend(DOLLAR // 2, seconds=0)
    Alarm.objects.all().delete()
    assert anomalies.notice() == []


def test_a_budget_is_told_of_at_four_fifths_and_at_its_end(den: Room, ada: User) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    mine = Account.objects.create(
        scope="person", key=str(ada.pk), limit_micros=DOLLAR, spent_micros=DOLLAR * 79 // 100, resets_at=tomorrow
    )
    assert anomalies.notice() == []
    Account.objects.update(spent_micros=DOLLAR * 85 // 100)
    assert [alarm.sentence for alarm in anomalies.notice()] == ["Person ada has spent $0.85 of $1.00 for this day."]
    Account.objects.update(spent_micros=DOLLAR)
    assert [alarm.kind for alarm in anomalies.notice()] == ["budget_100"]
    assert anomalies.notice() == []
    Account.objects.filter(pk=mine.pk).update(resets_at=datetime.now(UTC) - timedelta(minutes=1))
    assert anomalies.notice() == []


def test_staff_count_alarms_and_others_do_not(den: Room, ada: User) -> None:
    Account.objects.create(scope="room", key=str(den.pk), period="none", limit_micros=100, spent_micros=100)
    anomalies.watch_costs()
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    counted = client.get(reverse("admin:agents_usage_alarms")).json()
    assert (counted["count"], counted["results"][0]["kind"]) == (1, "budget_100")
    client.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("admin:agents_usage_alarms")).status_code == 302
