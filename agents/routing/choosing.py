"""Which deployment of a route is called first, which next. What it goes by is in the database, the same for all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from ..llm.prices import listed
from ..models import Deployment, Route

READ_FOR_WRITTEN = 3
"""Tokens a conversation tells a model for each it writes, roughly: what prices are compared by."""
HALF_LIFE = 300.0
"""Seconds after which a measure of slowness counts half: one that was slow once is tried again some day."""


def in_order(route: Route, deployments: Sequence[Deployment]) -> list[Deployment]:
    """The best first. Those that are equal stay in the order they were given."""
    return sorted(deployments, key=KEYS[Route.Choice(route.choice)])


def order(deployment: Deployment) -> float:
    return deployment.order


def cost(deployment: Deployment) -> float:
    read, written = price_of(deployment)
    return READ_FOR_WRITTEN * read + written


def price_of(deployment: Deployment) -> tuple[float, float]:
    """Dollars per million tokens read and written: its own, else by LiteLLM's list, else nothing."""
    read, written = listed(deployment.model)
    return own(deployment.prompt_price, read), own(deployment.completion_price, written)


def own(price: Decimal | None, otherwise: float) -> float:
    return otherwise if price is None else float(price)


def latency(deployment: Deployment) -> float:
    """Seconds to the first word lately; what was never tried is tried first."""
    health = deployment.health
    if health.first_word is None or health.tried_at is None:
        return 0.0
    age = (datetime.now(UTC) - health.tried_at).total_seconds()
    return health.first_word * 0.5 ** (max(0.0, age) / HALF_LIFE)


def weighted(deployment: Deployment) -> float:
    """Sorting by this draws without putting back, each as often first as its weight says."""
    draw = random.random()  # noqa: S311  # nobody gains by guessing it
    return -(draw ** (1 / deployment.weight)) if deployment.weight else 1.0


KEYS: dict[Route.Choice, Callable[[Deployment], float]] = {
    Route.Choice.ORDER: order,
    Route.Choice.COST: cost,
    Route.Choice.LATENCY: latency,
    Route.Choice.WEIGHTED: weighted,
}
