from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agents.llm.litellm_backend import LiteLLM
from agents.llm.port import backend_for


@pytest.fixture
async def litellm() -> AsyncIterator[LiteLLM]:
    """The real thing, imported and warmed once per process."""
    backend = backend_for("agents.llm.litellm_backend.LiteLLM")
    assert isinstance(backend, LiteLLM)
    await backend.warm()
    yield backend
    await backend.close()
