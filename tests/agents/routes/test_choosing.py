from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.llm.prices import listed
from agents.models import Deployment, Health, Route
from agents.routing.choosing import in_order, latency, price_of

FAST = Route(name="fast")


def place(name: str, **facts: Any) -> Deployment:
    health = Health(**{field: facts.pop(field) for field in ("first_word", "tried_at") if field in facts})
    made = Deployment(route=FAST, name=name, model=facts.pop("model", "openai/nobody-knows-this"), **facts)
    made.health = health
    return made


def names(choice: str, *places: Deployment) -> str:
    return "".join(one.name for one in in_order(Route(name="x", choice=choice), places))


def test_by_order() -> None:
    assert names("order", place("a", order=2), place("b", order=1), place("c", order=1)) == "bca"


def test_the_cheapest_first_by_its_own_price_or_by_the_list() -> None:
    listed_price = listed("openai/gpt-4o-mini")
    assert listed_price[0] > 0
    dear = place("a", prompt_price=50, completion_price=50)
    known = place("b", model="openai/gpt-4o-mini")
    free = place("c")
    assert names("cost", dear, known, free) == "cba"
    assert price_of(place("d", model="openai/gpt-4o-mini", prompt_price=0)) == (0.0, listed_price[1])


def test_the_quickest_first_and_what_was_never_tried_before_it() -> None:
    now = datetime.now(UTC)
    slow, quick = place("a", first_word=2.0, tried_at=now), place("b", first_word=0.2, tried_at=now)
    assert names("latency", slow, quick, place("c")) == "cba"


def test_what_was_slow_long_ago_is_tried_again() -> None:
    now = datetime.now(UTC)
    old = place("a", first_word=2.0, tried_at=now - timedelta(minutes=30))
    assert latency(old) < latency(place("b", first_word=0.2, tried_at=now))


def test_by_weight_each_is_first_as_often_as_it_says() -> None:
    places = [place("a", weight=3), place("b", weight=1), place("c", weight=0)]
    first = Counter(names("weighted", *places)[0] for _ in range(4_000))
    assert first["c"] == 0
    assert first["a"] / first["b"] == pytest.approx(3, rel=0.2)
