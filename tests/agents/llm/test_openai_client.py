"""What we spare the OpenAI client changes nothing of what it sends."""

from __future__ import annotations

from typing import Any

from agents.llm.openai_client import untouched

REQUEST: dict[str, Any] = {
    "model": "gpt-x",
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": '{"from": "ada", "text": "hi"}', "name": "ada"},
        {"role": "assistant", "content": "Hello.", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "content": "nothing", "tool_call_id": "1"},
        {"role": "user", "content": [{"type": "text", "text": "and now?"}]},
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.5,
    "max_tokens": 100,
    "stop": ["\n\n"],
    "logit_bias": {"50256": -100},
    "response_format": {"type": "json_object"},
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
    "tool_choice": "auto",
    "user": "u1",
}  # fmt: skip


async def test_a_request_leaves_as_the_client_itself_would_send_it():
    from openai import omit
    from openai._utils import async_maybe_transform
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

    given = {**REQUEST, "seed": omit, "n": omit}
    assert (
        await untouched(given, None) == await async_maybe_transform(given, CompletionCreateParamsStreaming) == REQUEST
    )


async def test_the_backend_s_calls_go_the_short_way():
    from openai.resources.chat.completions import completions

    from agents.llm import litellm_backend

    litellm_backend._import()
    assert vars(completions)["async_maybe_transform"] is untouched
