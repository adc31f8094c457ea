"""A provider's answer never sends a request elsewhere.

LiteLLM's clients follow redirects with all there is: the prompt, and the keys that stand in headers of their own
(Anthropic's, Azure's), which no client takes off on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def stay_where_sent() -> None:
    """Of the clients that LiteLLM makes from now on. A redirect is then an error like any other."""
    handler = import_module("litellm.llms.custom_httpx.http_handler").AsyncHTTPHandler
    openai = import_module("litellm.llms.openai.common_utils").BaseOpenAILLM
    handler.create_client = staying(handler.create_client)
    openai._get_async_http_client = staticmethod(staying(openai._get_async_http_client))


def staying(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any, **kwargs: Any) -> Any:
        client = make(*args, **kwargs)
        if client is not None:
            client.follow_redirects = False
        return client

    return made
