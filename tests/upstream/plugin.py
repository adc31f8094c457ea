"""Fixtures: `upstream`, a provider over HTTP, and `scripted`, the model that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.upstream.server import Upstream

if TYPE_CHECKING:
    from agents.llm.scripted import Scripted


@pytest.fixture(scope="session")
def upstream_server() -> Iterator[Upstream]:
    server = Upstream().start()
    yield server
    server.stop()


@pytest.fixture
def upstream(upstream_server: Upstream) -> Upstream:
    """Asked nothing yet. Processes reach it by `LLM_API_BASE=upstream.base` and a model such as `openai/drip`."""
    upstream_server.calls.clear()
    return upstream_server


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """The one this process's agents speak with, its queue empty before and after."""
    from agents.llm.port import backend_for
    from agents.llm.scripted import Scripted

    backend = backend_for("agents.llm.scripted.Scripted")
    assert isinstance(backend, Scripted)
    backend.reset()
    yield backend
    backend.reset()
