"""A request in LiteLLM's words: which parameters go along, to which address, with which key."""

import os
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from agents.llm.port import Deadlines, Request, ToolCall, Turn

PASSED_ON = {
    *("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stop", "seed", "logit_bias"),
    *("presence_penalty", "frequency_penalty", "reasoning_effort", "verbosity", "response_format"),
    *("tools", "tool_choice", "parallel_tool_calls", "api_version", "extra_body"),
}
"""Parameters for the provider. Anything else in `params` is ours (`price`, `script`, `lane`) and stays here."""

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
NO_KEY = "none"
AT_LEAST = 3600.0
"""A time-out of the transport that never comes first: when to stop waiting is told by `deadlines.Clock`."""


def arguments_of(request: Request) -> dict[str, Any]:
    return {
        "model": request.model,
        "messages": [message_of(turn) for turn in request.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
        "num_retries": 0,
        "max_retries": 0,
        "timeout": transport_timeout(request.deadlines),
        **({"user": request.user} if request.user else {}),
        **{name: value for name, value in request.params.items() if name in PASSED_ON},
        **tools_of(request),
        **({"_skip_mcp_handler": True} if request.tools else {}),  # else LiteLLM wants the MCP SDK
        **destination_of(request.model, request.params),
    }


def message_of(turn: Turn) -> dict[str, Any]:
    """With the speaker's name where the OpenAI protocol takes it; it refuses names with a dot."""
    message: dict[str, Any] = {"role": turn.role, "content": content_of(turn)}
    if turn.calls:
        return {**message, "content": turn.content or None, "tool_calls": [call_of(call) for call in turn.calls]}
    if turn.role == "tool":
        return {**message, "tool_call_id": turn.answers}
    if turn.prefix:
        return {**message, "prefix": True}
    return {**message, "name": turn.name} if turn.role == "user" and NAME.fullmatch(turn.name) else message


def content_of(turn: Turn) -> Any:
    """A text, or the parts of one that has pictures. Who cannot see is sent none: see `agents.routing.routes`."""
    if not turn.images:
        return turn.content
    pictures = [{"type": "image_url", "image_url": {"url": image.url}} for image in turn.images]
    return [{"type": "text", "text": turn.content}, *pictures]


def call_of(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def tools_of(request: Request) -> dict[str, Any]:
    """Providers want to hear of the tools as long as the conversation mentions any, also when none may be called."""
    if not request.tools:
        return {}
    functions = [
        {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)} for tool in request.tools
    ]
    offered = {"tools": [{"type": "function", "function": function} for function in functions]}
    return offered if request.may_call else {**offered, "tool_choice": "none"}


def transport_timeout(deadlines: Deadlines) -> Any:
    import httpx  # comes with litellm; web processes do without

    return httpx.Timeout(AT_LEAST, connect=deadlines.connect)


def destination_of(model: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Address and key: the request's own, else the house's, else what LiteLLM finds in the environment.

    An address of one's own never gets the key of another place.
    """
    if base := params.get("api_base"):
        return {"api_base": str(base), "api_key": params.get("api_key") or NO_KEY}
    if key := params.get("api_key"):
        return {"api_key": key}  # as it is: a `Secret` does not print itself, a copy of it would
    if provider_of(model) == provider_of(settings.LLM_MODEL):
        return house_destination(provider_of(model))
    return {}


def house_destination(provider: str) -> dict[str, str]:
    """`LLM_API_BASE` and `LLM_API_KEY`; local servers want no key, the OpenAI client wants one."""
    key = settings.LLM_API_KEY
    if settings.LLM_API_BASE and provider == "openai":
        key = key or os.environ.get("OPENAI_API_KEY") or NO_KEY
    found = {"api_base": settings.LLM_API_BASE, "api_key": key}
    return {name: value for name, value in found.items() if value}


def provider_of(model: str) -> str:
    return model.split("/", 1)[0] if "/" in model else "openai"


def secrets_of(request: Request) -> tuple[str, ...]:
    """What must never be seen in an error: the keys of this call and of this process."""
    here = [str(request.params.get("api_key") or ""), settings.LLM_API_KEY]
    there = [value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_TOKEN", "_SECRET"))]
    return tuple(secret for secret in here + there if len(secret) > 5)
