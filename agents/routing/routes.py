"""From an agent to the places where its model may be called, in the order they are tried.

A route is read once a second by each process: it is on every answer's way, and what changes in it may wait so long. The
measures that a choice goes by are read with it; breakers and limits are asked at the call itself.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from ..llm.candidates import Candidate, without_images
from ..llm.port import Backend, Request, backend_for
from ..llm.pricing import FREE
from ..models import Agent, Deployment
from ..sealing import Secret, Unopened, unseal
from .choosing import in_order, price_of

KEPT = 1.0
"""Seconds for which a process believes what it has read."""
LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrent_calls", "dollars_per_day")
SCRIPTED = "agents.llm.scripted.Scripted"
LITELLM = "agents.llm.litellm_backend.LiteLLM"


@dataclass(frozen=True, slots=True)
class Known:
    """A route as it was read. `until` is monotonic."""

    until: float
    deployments: tuple[Deployment, ...]


_known: dict[int, Known] = {}


def candidates_for(agent: Agent, request: Request) -> tuple[Candidate, ...]:
    """Where this request may be made, the best first; none when a route has nothing to offer. At most one query."""
    if agent.route_id is None:
        return (without_route(request),)
    fitting = [one for one in deployments_of(agent.route_id) if set(agent.route_tags) <= set(one.tags)]
    return tuple(candidate_of(one, request) for one in in_order(fitting[0].route, fitting)) if fitting else ()


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether a call of an agent may come to a model that sees pictures, and what one counts there at least."""

    sees: bool = False
    tokens: int = 0


def sight_of(agent: Agent) -> Sight:
    """At most one query, the one of the call itself. Without a route, what the model's name tells."""
    if agent.route_id is None:
        return Sight(backend_for(path_for(agent.model_name)).sees(agent.model_name))
    seeing = [
        one for one in deployments_of(agent.route_id) if one.sees_images and set(agent.route_tags) <= set(one.tags)
    ]
    return Sight(bool(seeing), max((one.image_tokens or 0 for one in seeing), default=0))


def without_route(request: Request) -> Candidate:
    """By the model's name alone, at the house's address, with the house's key."""
    return Candidate(name_without_route(request.model), backend_for(path_for(request.model)), request)


def path_for(model: str) -> str:
    return SCRIPTED if model.startswith("scripted") else settings.LLM_BACKEND


def name_without_route(model: str) -> str:
    """What its breaker is called."""
    return f"{path_for(model).rpartition('.')[2]}:{model}"[:200]


def deployments_of(route_id: int) -> tuple[Deployment, ...]:
    known = _known.get(route_id)
    if known is None or known.until <= time.monotonic():
        found = Deployment.objects.filter(route=route_id, enabled=True).select_related("route", "health")
        known = _known[route_id] = Known(time.monotonic() + KEPT, tuple(found))
    return known.deployments


def forget(**_: object) -> None:
    """This process changed something itself, and wants to see it at once."""
    _known.clear()


def candidate_of(deployment: Deployment, request: Request) -> Candidate:
    key, obstacle = key_of(deployment)
    request = replace(request, model=deployment.model, params={**request.params, **destination_of(deployment, key)})
    backend = backend_of(deployment)
    return Candidate(
        breaker=str(deployment),
        backend=backend,
        request=request if deployment.sees_images else without_images(request),
        deployment=deployment.pk,
        route=deployment.route_id,
        is_limited=is_limited(deployment),
        price=FREE if deployment.dollars_per_day is None else backend.price_of(request),
        continues=deployment.continues,
        obstacle=obstacle,
    )


def is_limited(deployment: Deployment) -> bool:
    return any(getattr(deployment, limit) is not None for limit in LIMITS)


def backend_of(deployment: Deployment) -> Backend:
    """The house's own, except where that is the script: a route means what it says."""
    if deployment.model.startswith("scripted"):
        return backend_for(SCRIPTED)
    return backend_for(LITELLM if settings.LLM_BACKEND == SCRIPTED else settings.LLM_BACKEND)


def destination_of(deployment: Deployment, key: str) -> dict[str, Any]:
    facts = {
        "api_base": deployment.base_url,
        "api_key": key,
        "api_version": deployment.api_version,
        "lane": deployment.lane,
        "price": price_for(deployment),
    }
    return {name: value for name, value in facts.items() if value}


def price_for(deployment: Deployment) -> dict[str, float]:
    """Only what was said of it; else whoever makes the bill looks at the list, which knows more than two prices."""
    if deployment.prompt_price is None and deployment.completion_price is None:
        return {}
    return dict(zip(("prompt", "completion"), price_of(deployment), strict=True))


def key_of(deployment: Deployment) -> tuple[str, str]:
    """Its key, and what is wrong with it."""
    if deployment.key_sealed:
        try:
            return unseal(deployment.key_sealed), ""
        except Unopened:
            return "", "Its key was sealed with another SEALING_KEY."
    if not deployment.key_variable:
        return "", ""
    key = os.environ.get(deployment.key_variable, "")
    return Secret(key), "" if key else f"{deployment.key_variable} is not set in the environment of the worker."


def needs_litellm() -> bool:
    """Whether some route leads to a real model, though the house itself speaks by a script."""
    return Deployment.objects.filter(enabled=True).exclude(model__startswith="scripted").exists()
