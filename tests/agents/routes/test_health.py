"""What the staff is told of each place, and how one finds out about places nobody calls."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Breaker, Deployment, Health, Seat
from agents.routing import probing, routes
from agents.routing.health import condition_now
from rooms.models import Room, User
from tests.upstream.server import Upstream

from ..asking import ask
from .conftest import KEY, Deploy

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(deployment: Deployment) -> tuple[str, str]:
    found = condition_now(Deployment.objects.select_related("health", "route").get(pk=deployment.pk))
    return found.state, found.words


def test_never_tried_then_up_and_measured(den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy) -> None:
    own = deploy("fine-f50")
    assert state_of(own) == ("never tried", "")
    ask(den, ada, "@echo?")
    assert state_of(own) == ("up", "")
    measured = Health.objects.get().first_word
    assert measured is not None
    assert 0.05 <= measured < 30, "in seconds"


def test_slow(den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy) -> None:
    own = deploy("fine")
    ask(den, ada, "@echo?")
    Health.objects.update(first_word=4.2)
    assert state_of(own) == ("slow", "4.2 seconds to the first word.")


def test_failing_in_words_without_the_key(den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy) -> None:
    own = deploy("401")
    deploy("fine")
    ask(den, ada, "@echo?")
    state, words = state_of(own)
    assert state == "failing"
    assert "refuses the request" in words
    assert "Incorrect API key provided: [key]" in words
    assert KEY not in words


def test_failing_while_its_breaker_is_open(deploy: Deploy) -> None:
    from django.utils.timezone import now

    own = deploy("fine")
    Breaker.objects.create(name="fast/d1", state="open", opened_at=now())
    assert state_of(own)[0] == "failing"


def test_failing_without_its_variable(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    own = deploy("fine")
    own.keep_key("")
    own.key_variable = "NOWHERE_API_KEY"
    own.save()
    assert state_of(own) == ("failing", "NOWHERE_API_KEY is not set in the environment of the worker.")


def test_out_of_budget_by_its_own_limit_and_by_the_providers_word(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy
) -> None:
    own = deploy("fine", dollars_per_day="1", prompt_price=100, completion_price=100)
    ask(den, ada, "@echo?")
    assert state_of(own)[0] == "up"
    Deployment.objects.update(dollars_per_day="0.0001")
    routes.forget()
    assert state_of(own) == ("out of budget", "Today's $0.0001 are used up. There will be more at midnight UTC.")
    Health.objects.update(spent_micros=0)
    ask(den, ada, "@echo?")
    assert state_of(own)[1] == "Today's $0.0001 do not reach for another call. There will be more at midnight UTC."
    broke = deploy("no-money")
    ask(den, ada, "@echo?")
    assert state_of(broke)[0] == "out of budget"
    assert "insufficient_quota" in state_of(broke)[1]


def test_off(deploy: Deploy) -> None:
    assert state_of(deploy("fine", enabled=False))[0] == "off"


def test_places_that_nobody_called_are_asked_for_one_token_by_one_of_all(
    upstream: Upstream, deploy: Deploy, settings: Any
) -> None:
    up, down = deploy("length-n1"), deploy("500")
    assert probing.probe() == 0  # nobody said so
    settings.LLM_PROBE_SECONDS = 300
    assert probing.probe() == 2
    assert probing.probe() == 0
    assert [call.body["max_tokens"] for call in upstream.calls] == [1, 1]
    assert state_of(up)[0] == "up"
    assert state_of(down)[0] == "failing"


def test_what_people_call_anyway_is_not_probed(
    den: Room, ada: User, seat: Seat, upstream: Upstream, deploy: Deploy, settings: Any
) -> None:
    deploy("fine")
    ask(den, ada, "@echo?")
    settings.LLM_PROBE_SECONDS = 300
    assert probing.probe() == 0


def test_a_probe_finds_a_provider_back_again(upstream: Upstream, deploy: Deploy, settings: Any) -> None:
    from datetime import timedelta

    from django.utils.timezone import now

    deploy("fine")
    Breaker.objects.create(name="fast/d1", state="open", failures=5, opened_at=now() - timedelta(minutes=5))
    settings.LLM_PROBE_SECONDS = 300
    probing.probe()
    assert Breaker.objects.get().state == "closed"
