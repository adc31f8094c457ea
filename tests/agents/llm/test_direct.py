"""Which requests go to their server directly, and what is particular to that way; all else is in the tests of both."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.conf import LazySettings

from agents.llm import direct
from agents.llm.direct import events, read, suits
from agents.llm.direct_answer import TOO_LONG, Answer, of_object, of_status
from agents.llm.errors import LLMError
from agents.llm.port import Request, Text, Turn
from tests.agents.llm.hearing import asking
from tests.upstream.server import Upstream
from tests.waiting import eventually

OWN = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("model", "params", "fits"),
    [
        ("openai/llama3.2", {"api_base": OWN}, True),
        ("llama3.2", {"api_base": OWN, "temperature": 0.2, "tools": [], "price": {"prompt": 1}}, True),
        ("openai/gpt-4o", {"api_base": "https://openrouter.ai/api/v1"}, True),
        ("openai/gpt-4o", {}, False),
        ("openai/gpt-4o", {"api_base": "https://api.openai.com/v1"}, False),
        ("openai/gpt-4o", {"api_base": "https://house.openai.azure.com/v1"}, False),
        ("openai/gpt-4o", {"api_base": "https://notopenai.com/v1"}, True),
        ("anthropic/claude-sonnet-4-5", {"api_base": OWN}, False),
        ("openai/llama3.2", {"api_base": OWN, "top_k": 3}, False),
        ("openai/llama3.2", {"api_base": OWN, "extra_body": {"mirostat": 1}}, False),
    ],
)
def test_what_needs_knowledge_of_a_provider_goes_through_litellm(
    model: str, params: dict[str, Any], fits: bool, settings: LazySettings
) -> None:
    settings.LLM_MODEL = settings.LLM_API_BASE = ""
    assert suits(Request(model, (Turn("user", "hi"),), params)) is fits


def test_the_house_s_own_server_is_reached_directly(settings: LazySettings) -> None:
    settings.LLM_MODEL, settings.LLM_API_BASE = "openai/llama3.2", OWN
    assert suits(asking("openai/another"))
    assert not suits(asking("mistral/another"))


class Content:
    def __init__(self, *blocks: bytes) -> None:
        self.blocks = blocks

    async def iter_any(self):
        for block in self.blocks:
            yield block


async def heard(*blocks: bytes, longest: int = 10_000) -> list[Any]:
    return [event async for event in events(Content(*blocks), longest)]


async def test_events_are_read_wherever_the_network_cuts_them() -> None:
    stream = (
        b': hello\r\nevent: chunk\r\ndata: {"a": 1}\r\n\r\ndata:{"b": "\xc3\xa9"}\n\ndata: [DONE]\n\ndata: {"c": 1}\n\n'
    )
    for size in (1, 2, 3, 7, 1000):
        cut = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert await heard(*cut) == [{"a": 1}, {"b": "é"}]


async def test_a_line_without_an_end_is_cut() -> None:
    with pytest.raises(LLMError) as caught:
        await heard(b'data: {"a": "', *[b"x" * 1000] * 20)
    assert caught.value.kind == "too_large"


def test_half_an_emoji_is_read_and_left_to_those_who_show_it() -> None:
    assert read(rb'{"content": "\ud83d"}') == {"content": "\ud83d"}
    with pytest.raises(ValueError):  # noqa: PT011  (whichever of the two readers says so)
        read(b'{"content": ')


@pytest.mark.parametrize(
    "event",
    [None, 7, [], "text", {"choices": "none"}, {"choices": [7]}, {"choices": [{"delta": 7}]},
     {"choices": [{"delta": {"content": 7}}]}, {"choices": [{"delta": {"tool_calls": [7]}}]}],
)  # fmt: skip
def test_what_is_not_shaped_like_an_event_raises(event: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        list(Answer().take(event))


@pytest.mark.parametrize("event", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"delta": None}]}])
def test_an_event_that_brings_nothing_is_none(event: dict[str, Any]) -> None:
    assert list(Answer().take(event)) == []


def test_only_the_first_of_several_answers_counts() -> None:
    answer = Answer()
    assert list(answer.take({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]})) == [Text("a")]


def test_a_conversation_too_long_for_the_model_is_said_in_words() -> None:
    body = b'{"error": {"message": "maximum context length is 8192", "code": "context_length_exceeded"}}'
    assert (of_status(400, body, {}).kind, of_status(400, body, {}).message) == ("refused", TOO_LONG)
    assert of_object({"message": "…", "code": "context_length_exceeded"}).message == TOO_LONG


@pytest.mark.parametrize(("status", "kind"), [(302, "protocol"), (404, "refused"), (408, "timeout"), (502, "down")])
def test_a_status_says_what_kind_of_trouble_it_is(status: int, kind: str) -> None:
    assert of_status(status, b"<html>", {}).kind == kind


async def hear(model: str, upstream: Upstream) -> None:
    async def none() -> None:
        return None

    async for _part in direct.parts(asking(model, params=upstream.params()), direct.Answer(), none):
        pass


def kept_connections() -> int:
    return sum(len(connections) for connections in direct.session().connector._conns.values())


@pytest.mark.parametrize("model", ["openai/fine", "openai/late-end"])
async def test_connections_are_kept_for_the_next_call(model: str, upstream: Upstream) -> None:
    for _ in range(3):
        await hear(model, upstream)
        await eventually(lambda: kept_connections() == 1)
    await direct.close()


async def test_a_server_that_does_not_end_after_its_answer_loses_the_connection(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "LINGER", 0.05)
    await hear("openai/no-end", upstream)
    await eventually(lambda: [call.outcome for call in upstream.calls] == ["dropped"])
    assert kept_connections() == 0
    await direct.close()


async def test_a_proxy_is_looked_for_only_where_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    await direct.close()
    assert not direct.session().trust_env
    await direct.close()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    assert direct.session().trust_env
    await direct.close()
