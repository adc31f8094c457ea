"""echo speaks by the route `fast`, whose deployments lead to the upstream; a model's name says what it does there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agents.llm.litellm_backend import _import
from agents.llm.port import backend_for
from agents.models import Agent, Deployment, Route
from agents.routing import routes
from rooms import background
from tests.upstream.server import Upstream

from ..conftest import agent, scripted, seat  # noqa: F401

KEY = "sk-quite-secret-0123456789"

Deploy = Callable[..., Deployment]


@pytest.fixture
def _litellm(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.LLM_BACKEND = routes.LITELLM
    monkeypatch.setattr("random.uniform", lambda low, high: 0.01)
    _import()  # as long as that takes; warming has a deadline
    background.run(backend_for(routes.LITELLM).warm(), 60)
    yield
    background.run(backend_for(routes.LITELLM).close(), 10)


@pytest.fixture
def fast(agent: Agent) -> Route:  # noqa: F811
    route = Route.objects.create(name="fast")
    agent.route = route
    agent.save()
    return route


@pytest.fixture
def deploy(fast: Route, upstream: Upstream, _litellm: None) -> Deploy:
    """`deploy("fine-n3", order=1)`: one more place of the route, by the name of its model."""

    def make(model: str, **facts: Any) -> Deployment:
        name = facts.pop("name", f"d{fast.deployments.count() + 1}")
        made = Deployment(route=fast, name=name, model=f"openai/{model}", base_url=upstream.base, **facts)
        made.keep_key(KEY)
        made.full_clean()
        made.save()
        return made

    return make
