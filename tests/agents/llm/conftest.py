from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from django.conf import LazySettings

from agents.llm.litellm_backend import LiteLLM, _import
from agents.llm.port import backend_for


@pytest.fixture(params=[False, True], ids=["through LiteLLM", "directly"])
async def litellm(request: pytest.FixtureRequest, settings: LazySettings) -> AsyncIterator[LiteLLM]:
    """The real thing, imported and warmed once per process; what it does must not depend on the way it goes."""
    settings.LLM_DIRECT = request.param
    backend = backend_for("agents.llm.litellm_backend.LiteLLM")
    assert isinstance(backend, LiteLLM)
    _import()  # as long as that takes; warming has a deadline
    await backend.warm()
    yield backend
    await backend.close()
