"""Why the model of an agent does not answer, in words for everybody: no keys, no addresses, nothing a provider said.

What the staff reads stands in `health.py`; this is made of the same rows, for who sits in a room with the agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models import Agent, Breaker, Deployment, Route
from .breaker import COUNTED
from .choosing import in_order
from .health import Condition, condition_of
from .routes import name_without_route

WORDS = {
    "busy": "its model has too much to do",
    "down": "its model cannot be reached",
    "timeout": "its model takes too long to answer",
    "protocol": "its model answers what cannot be read",
    "truncated": "its model breaks off in mid-sentence",
    "refused": "its model refuses to answer",
    "empty": "its model says nothing",
}
OTHERWISE = "its model does not answer"
SPENT = "what its model may cost is used up"
NOWHERE = "its route leads to no model"
BAD = frozenset({"failing", "out of budget", "off"})


@dataclass(frozen=True, slots=True)
class Ailment:
    """`is_total`: there is nothing else to try. `since` when, if that is known."""

    words: str
    since: datetime | None = None
    is_total: bool = True

    @property
    def detail(self) -> str:
        return self.words if self.is_total else f"{self.words}; another is tried"


def ailments_of(agents: Iterable[Agent]) -> dict[int, Ailment]:
    """By agent; whoever is well is not in it. Two queries, however many they are."""
    found = list(agents)
    deployments = deployments_of({one.route_id for one in found if one.route_id})
    alone = {one.pk: name_without_route(one.model_name) for one in found if one.route_id is None}
    names = [*alone.values(), *(str(one) for many in deployments.values() for one in many)]
    breakers = Breaker.objects.in_bulk(names) if names else {}
    ailing = {
        one.pk: of_a_route(one, deployments.get(one.route_id, []), breakers)
        if one.route_id
        else of_a_breaker(breakers.get(alone[one.pk]))
        for one in found
    }
    return {pk: ailment for pk, ailment in ailing.items() if ailment is not None}


def deployments_of(routes: set[int | None]) -> dict[int | None, list[Deployment]]:
    if not routes:
        return {}
    grouped: dict[int | None, list[Deployment]] = {}
    for one in Deployment.objects.filter(route__in=routes).select_related("route", "health"):
        grouped.setdefault(one.route_id, []).append(one)
    return grouped


def conditions_of(agent: Agent, deployments: Sequence[Deployment], breakers: dict[str, Breaker]) -> list[Condition]:
    """Of those that are called for this agent, the first choice first."""
    fitting = [one for one in deployments if one.enabled and set(agent.route_tags) <= set(one.tags)]
    order = sorted(fitting, key=lambda one: -one.weight) if is_drawn(fitting) else in_order_of(fitting)
    return [condition_of(one, breakers.get(str(one))) for one in order]


def is_drawn(deployments: Sequence[Deployment]) -> bool:
    return bool(deployments) and deployments[0].route.choice == Route.Choice.WEIGHTED


def in_order_of(deployments: Sequence[Deployment]) -> list[Deployment]:
    return in_order(deployments[0].route, deployments) if deployments else []


def of_a_route(agent: Agent, deployments: Sequence[Deployment], breakers: dict[str, Breaker]) -> Ailment | None:
    """What is wrong with its first choice. That a later one is broken concerns nobody who is answered."""
    conditions = conditions_of(agent, deployments, breakers)
    if not conditions:
        return Ailment(NOWHERE)
    bad = [is_bad(one, breakers.get(str(one.deployment))) for one in conditions]
    if not bad[0]:
        return None
    words, since = what_ails(conditions[0], breakers.get(str(conditions[0].deployment)))
    return Ailment(words, since, is_total=all(bad))


def is_bad(condition: Condition, breaker: Breaker | None) -> bool:
    """A single call that was refused, or answered with nothing, may have been the asker's doing."""
    health: Any = condition.deployment.health
    if condition.state == "failing" and health.failures == 1 and not is_open(breaker):
        return health.last_error in COUNTED
    return condition.state in BAD


def what_ails(condition: Condition, breaker: Breaker | None) -> tuple[str, datetime | None]:
    if condition.state == "out of budget":
        return SPENT, None
    health: Any = condition.deployment.health
    kind = (breaker.last_error if is_open(breaker) and breaker else "") or (
        health.last_error if health.failures else ""
    )
    since = breaker.failing_since if breaker else None
    return WORDS.get(kind, OTHERWISE), since or (health.failed_at if health.failures else None)


def of_a_breaker(breaker: Breaker | None) -> Ailment | None:
    """Of a model without a route, only what made everybody leave it alone."""
    if not is_open(breaker) or breaker is None:
        return None
    return Ailment(WORDS.get(breaker.last_error, OTHERWISE), breaker.failing_since or breaker.opened_at)


def is_open(breaker: Breaker | None) -> bool:
    return breaker is not None and breaker.state != Breaker.State.CLOSED


# --- for who may change the agent


@dataclass(frozen=True, slots=True)
class Told:
    """One place where an agent's model is called, as its owner may know it: how it is, not where nor by what key."""

    name: str
    state: str
    words: str = ""
    since: datetime | None = None
    first_word: float | None = None
    answered_at: datetime | None = None

    @property
    def mark(self) -> str:
        return self.state.replace(" ", "-")


def health_of(agent: Agent) -> list[Told]:
    """All places its route has for it, the first choice first; of a model without a route, that model."""
    if agent.route_id is None:
        name = name_without_route(agent.model_name)
        return [of_a_model(agent.model_name, Breaker.objects.filter(pk=name).first())]
    deployments = deployments_of({agent.route_id}).get(agent.route_id, [])
    breakers = Breaker.objects.in_bulk([str(one) for one in deployments])
    return [told_of(one, breakers.get(str(one.deployment))) for one in conditions_of(agent, deployments, breakers)]


def told_of(condition: Condition, breaker: Breaker | None) -> Told:
    health: Any = condition.deployment.health
    words, since = what_ails(condition, breaker) if condition.state in BAD else ("", None)
    return Told(str(condition.deployment), condition.state, words, since, health.first_word, health.answered_at)


def of_a_model(model: str, breaker: Breaker | None) -> Told:
    """Without a route no more is measured than what its breaker counts."""
    ailment = of_a_breaker(breaker)
    if ailment is not None:
        return Told(model, "failing", ailment.words, ailment.since)
    if breaker is not None and breaker.failures:
        return Told(model, "failing", WORDS.get(breaker.last_error, OTHERWISE), breaker.failing_since)
    return Told(model, "up")
