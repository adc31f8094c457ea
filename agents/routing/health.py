"""How a deployment is: what the last calls say, in one word of six and a sentence for the staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.timesince import timesince

from ..models import Breaker, Deployment
from ..money.words import dollars
from .routes import key_of

SLOW = 3.0
"""Seconds to the first word from which on people begin to wonder."""
MICROS = 1_000_000
STATES = ["up", "slow", "failing", "out of budget", "never tried", "off"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`state` is up, slow, failing, out of budget, never tried or off; `words` say more, for the staff alone."""

    deployment: Deployment
    state: str
    words: str

    @property
    def mark(self) -> str:
        """The state as a class of CSS."""
        return self.state.replace(" ", "-")


def condition_of(deployment: Deployment, breaker: Breaker | None) -> Condition:
    state, words = next(findings(deployment, breaker))
    return Condition(deployment, state, words)


def findings(deployment: Deployment, breaker: Breaker | None) -> Iterator[tuple[str, str]]:
    """The worst first."""
    health = deployment.health
    if not deployment.enabled:
        yield "off", "It is switched off and not called."
    if obstacle := key_of(deployment)[1]:
        yield "failing", obstacle
    if is_spent(deployment):
        yield "out of budget", spent_words(deployment)
    if health.out_of_money:
        yield "out of budget", health.last_words
    if breaker is not None and breaker.state != Breaker.State.CLOSED:
        yield "failing", f"It is left alone for now. {health.last_words}".strip()
    if health.failures:
        yield "failing", health.last_words
    if health.tried_at is None:
        yield "never tried", ""
    if health.first_word is not None and health.first_word > SLOW:
        yield "slow", f"{health.first_word:.1f} seconds to the first word."
    yield "up", last_trouble(deployment)


def is_spent(deployment: Deployment) -> bool:
    """Its limit is reached, or what is left of it was too little for a call."""
    health, limit, today = deployment.health, deployment.dollars_per_day, datetime.now(UTC).date()
    if limit is None:
        return False
    return health.short_on == today or (health.spent_on == today and health.spent_micros >= limit * MICROS)


def spent_words(deployment: Deployment) -> str:
    limit = int((deployment.dollars_per_day or 0) * MICROS)
    words = "are used up" if deployment.health.spent_micros >= limit else "do not reach for another call"
    return f"Today's {dollars(limit)} {words}. There will be more at midnight UTC."


def last_trouble(deployment: Deployment) -> str:
    health = deployment.health
    return f"{timesince(health.failed_at)} ago: {health.last_words}" if health.failed_at else ""


def condition_now(deployment: Deployment) -> Condition:
    return condition_of(deployment, Breaker.objects.filter(name=str(deployment)).first())
