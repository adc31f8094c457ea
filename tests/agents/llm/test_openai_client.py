"""What we spare the OpenAI client changes nothing of what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from agents.llm.openai_client import chunk_of, is_plain, untouched

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


HEAD: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
PLAIN_CHUNKS: list[dict[str, Any]] = [
    {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}, "finish_reason": None}]},
    {**HEAD, "choices": [{"index": 0, "delta": {"content": "lo", "reasoning_content": "hm"}, "logprobs": None}]},
    {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None, "provider": "own"},
    {**HEAD, "choices": []},
    {"choices": [{"delta": {"content": "x"}}]},
    {**HEAD, "created": "now", "model": None, "choices": [{"index": "0", "delta": {"content": 7}}]},
]
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}
CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "look", "arguments": "{"}}
OTHER_CHUNKS: list[Any] = [
    {**HEAD, "choices": [], "usage": USAGE},
    {**HEAD, "choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]},
    {**HEAD, "choices": [{"index": 0, "delta": None}]},
    {**HEAD, "choices": [{"index": 0}]},
    {**HEAD, "choices": None},
    {**HEAD, "choices": "nonsense"},
    {**HEAD, "choices": {"index": 0}},
    {**HEAD, "choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "x"}]}}]},
    {"error": {"message": "no"}},
    {},
]


@pytest.mark.parametrize("data", PLAIN_CHUNKS + OTHER_CHUNKS)
def test_a_chunk_is_what_the_client_itself_would_make_of_it(data: Any) -> None:
    from openai._models import construct_type
    from openai.types.chat import ChatCompletionChunk

    ours, theirs = chunk_of(data), construct_type(type_=ChatCompletionChunk, value=data)
    assert facts_of(ours) == facts_of(theirs)
    assert is_plain(data) == (data in PLAIN_CHUNKS)


def facts_of(model: Any) -> Any:
    if isinstance(model, list):
        return [facts_of(one) for one in model]
    if not hasattr(model, "model_fields_set"):
        return model
    inner = {name: facts_of(value) for name, value in model.__dict__.items()}
    return type(model), inner, model.model_fields_set, model.model_extra, model.model_dump(warnings=False)


async def test_the_client_makes_chunks_in_the_short_way() -> None:
    from openai._types import ModelBuilderProtocol
    from openai.types.chat import ChatCompletionChunk

    from agents.llm import litellm_backend

    litellm_backend._import()
    assert issubclass(ChatCompletionChunk, ModelBuilderProtocol)
