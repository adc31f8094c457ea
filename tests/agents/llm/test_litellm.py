"""What goes out to a provider, what comes back of it, and what stays here."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import traceback
from contextlib import aclosing, suppress
from typing import Any

import pytest
from django.conf import LazySettings

from agents.llm.litellm_backend import LiteLLM
from agents.llm.port import Limits, LLMError, Request, Text, Thought, ToolCall, ToolOffer, Turn, Usage
from tests.agents.llm.hearing import asking, hear
from tests.upstream.server import Upstream
from tests.waiting import eventually

KEY = "sk-very-secret-0123456789"


async def test_the_prompt_goes_out_turn_by_turn_with_the_speakers_names(litellm: LiteLLM, upstream: Upstream) -> None:
    turns = (
        Turn("system", "Be kind."),
        Turn("user", "ada: hello", "ada"),
        Turn("assistant", "Hello ada.", "echo"),
        Turn("user", "j.r: and me?", "j.r"),
    )
    await hear(litellm, Request("openai/fine", turns, upstream.params()))
    assert upstream.calls[0].messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "ada: hello", "name": "ada"},
        {"role": "assistant", "content": "Hello ada."},
        {"role": "user", "content": "j.r: and me?"},  # the protocol refuses names with a dot; the content has it
    ]


async def test_only_parameters_for_the_provider_go_along(litellm: LiteLLM, upstream: Upstream) -> None:
    params = upstream.params(temperature=0.2, max_tokens=64, price={"prompt": 1}, script=[], mock_response="no")
    request = Request("openai/gpt-4o-mini", (Turn("user", "hi"),), params, user="u17", metadata={"room": "den"})
    await hear(litellm, request)
    body = upstream.calls[0].body
    assert (body["temperature"], body["max_tokens"], body["user"], body["stream"]) == (0.2, 64, "u17", True)
    assert not {"price", "script", "mock_response", "metadata"} & body.keys()


async def test_a_tool_call_comes_whole(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(litellm, asking("openai/tool", params=upstream.params()))
    assert heard.calls == [ToolCall("call_1", "add", '{"a": 1, "b": 2}')]
    assert heard.finish.reason == "tool_calls"


async def test_tools_their_calls_and_their_answers_go_out_in_the_providers_words(
    litellm: LiteLLM, upstream: Upstream
) -> None:
    call = ToolCall("call_1", "add", '{"a": 1}')
    turns = (
        Turn("user", "hi"),
        Turn("assistant", "", "echo", (call,)),
        Turn("tool", '{"result": 3}', answers="call_1"),
    )
    offer = ToolOffer("add", "Adds.", {"type": "object", "properties": {}})
    for may_call in (True, False):
        await hear(litellm, Request("openai/x", turns, upstream.params(), tools=(offer,), may_call=may_call))
    first, last = (made.body for made in upstream.calls)
    assert first["tools"] == [
        {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": offer.schema}}
    ]
    assert ("tool_choice" in first, last["tool_choice"]) == (False, "none")
    _, called, answered = first["messages"]
    assert called["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ]
    assert answered == {"role": "tool", "content": '{"result": 3}', "tool_call_id": "call_1"}


async def test_an_answer_at_its_length_says_so(litellm: LiteLLM, upstream: Upstream) -> None:
    assert (await hear(litellm, asking("openai/length", params=upstream.params()))).finish.reason == "length"


async def test_a_finish_reason_beside_the_last_word_counts(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(litellm, asking("openai/finish-with-text", params=upstream.params()))
    assert (heard.text, heard.finish.reason) == ("word1 word2 ", "stop")


async def test_thinking_is_progress_but_not_text(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(litellm, asking("openai/thinking", params=upstream.params()))
    assert (heard.text, heard.finish.reason) == ("word1 word2 ", "stop")
    assert [part.text for part in heard.parts if isinstance(part, Thought)] == ["Hm. ", "Let me see. "]


async def test_the_price_is_the_requests_own_in_whole_micro_dollars(litellm: LiteLLM, upstream: Upstream) -> None:
    params = upstream.params(price={"prompt": 2.5, "completion": 10})
    heard = await hear(litellm, Request("openai/fine", (Turn("user", "one"),), params))
    assert heard.finish.usage == Usage(2, 5, cost_micros=55)


async def test_a_provider_that_does_not_count_is_counted_for(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(litellm, Request("openai/uncounted", (Turn("user", "x" * 40),), upstream.params()))
    assert heard.finish.usage == Usage(prompt_tokens=14, completion_tokens=8, estimated=True)


async def test_a_broken_answer_is_charged_by_an_estimate(litellm: LiteLLM, upstream: Upstream) -> None:
    params = upstream.params(price={"prompt": 1, "completion": 100})
    heard = await hear(litellm, Request("openai/eof", (Turn("user", "x" * 40),), params))
    assert heard.trouble.usage == Usage(14, 5, cost_micros=514, estimated=True)


async def test_the_list_of_prices_knows_a_public_model(litellm: LiteLLM) -> None:
    usage = litellm.usage_of(Request("openai/gpt-4o-mini", (Turn("user", "x" * 4_000),)), "y" * 4_000)
    assert usage.cost_micros == pytest.approx(1_004 * 0.15 + 1_000 * 0.60, abs=1)


async def test_streams_side_by_side_do_not_mix(litellm: LiteLLM, upstream: Upstream) -> None:
    def saying(who: str) -> Request:
        return asking("openai/echo-i2", " ".join(f"{who}{number}" for number in range(50)), params=upstream.params())

    people = ["ada", "bob", "eve", "gus", "mod"]
    heard = await asyncio.gather(*(hear(litellm, saying(who)) for who in people))
    assert [each.text for each in heard] == [" ".join(f"{who}{n}" for n in range(50)) for who in people]


async def test_two_keys_side_by_side_do_not_mix(litellm: LiteLLM, upstream: Upstream) -> None:
    requests = [asking("openai/fine", params={**upstream.params(), "api_key": f"sk-key-{n}"}) for n in range(6)]
    await asyncio.gather(*(hear(litellm, request) for request in requests))
    assert {call.headers["authorization"] for call in upstream.calls} == {f"Bearer sk-key-{n}" for n in range(6)}


@pytest.mark.parametrize("model", ["openai/drip", "openai/hang", "openai/stall"])
async def test_cancelling_hangs_up(litellm: LiteLLM, upstream: Upstream, model: str) -> None:
    listening = asyncio.create_task(hear(litellm, asking(model, params=upstream.params())))
    await eventually(lambda: upstream.calls and (upstream.calls[0].chunks or model == "openai/hang"))
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await upstream.asettled() == ["dropped"]


async def test_leaving_in_the_middle_hangs_up(litellm: LiteLLM, upstream: Upstream) -> None:
    async with aclosing(litellm.stream(asking("openai/drip", params=upstream.params()))) as parts:
        assert await anext(parts) == Text("word1 ")
    assert await upstream.asettled() == ["dropped"]


async def test_a_fast_provider_leaves_the_loop_to_others(litellm: LiteLLM, upstream: Upstream) -> None:
    """Else the deadlines and heartbeats of every other answer in the worker would wait for the fastest."""
    chunks, turns, most = 0, 0, 0

    async def others() -> None:
        nonlocal turns, most
        before = 0
        while True:
            await asyncio.sleep(0)
            turns, most, before = turns + 1, max(most, chunks - before), chunks

    working = asyncio.create_task(others())
    request = asking("openai/endless", params=upstream.params(), limits=Limits(max_chunks=2_000))
    with suppress(LLMError):
        async for _ in litellm.stream(request):
            chunks += 1
    working.cancel()
    assert chunks == 2_000
    assert most <= 16, f"{most} chunks in a row without a turn for others"


@pytest.mark.parametrize("model", ["401", "429", "reset-at-once", "error-in-stream", "key-in-stream", "html", "fine"])
async def test_the_key_is_seen_by_nobody(
    litellm: LiteLLM,
    upstream: Upstream,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    model: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    request = asking(f"openai/{model}", params={**upstream.params(), "api_key": KEY})
    heard = await hear(litellm, request)
    await asyncio.sleep(0.05)
    assert upstream.calls[0].headers["authorization"] == f"Bearer {KEY}"
    if heard.error is not None:
        told = "".join(traceback.format_exception(heard.error)) + repr(heard.error) + heard.error.message
        assert KEY not in told + heard.error.detail
        assert heard.error.__context__ is None
        assert heard.error.__cause__ is None
    assert KEY not in caplog.text + "".join(capfd.readouterr())


async def test_a_key_of_the_environment_is_scrubbed_too(
    litellm: LiteLLM, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "my-own-odd-key")
    settings.LLM_API_BASE = upstream.base
    heard = await hear(litellm, asking("openai/401"))
    assert upstream.calls[0].headers["authorization"] == "Bearer my-own-odd-key"
    assert "my-own-odd-key" not in str(heard.trouble)


async def test_the_address_and_key_of_the_house_are_used_for_its_provider(
    litellm: LiteLLM, upstream: Upstream, settings: LazySettings
) -> None:
    settings.LLM_API_BASE, settings.LLM_API_KEY, settings.LLM_MODEL = upstream.base, KEY, "openai/fine"
    assert (await hear(litellm, asking("openai/fine"))).finish.reason == "stop"
    assert upstream.calls[0].headers["authorization"] == f"Bearer {KEY}"


async def test_an_address_of_ones_own_never_gets_the_key_of_another_place(
    litellm: LiteLLM, upstream: Upstream, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings.LLM_API_KEY = KEY
    await hear(litellm, asking("openai/fine", params={"api_base": upstream.base}))
    assert upstream.calls[0].headers["authorization"] == "Bearer none"


async def test_warming_up_pays_for_the_first_call(litellm: LiteLLM, upstream: Upstream) -> None:
    before = set(sys.modules)
    await hear(litellm, asking("openai/fine", params=upstream.params()))
    assert set(sys.modules) == before, "what is slow the first time was imported"


def test_it_works_in_one_loop_after_another(upstream: Upstream) -> None:
    backend = LiteLLM()

    async def once() -> str:
        heard = await hear(backend, asking("openai/fine", params=upstream.params()))
        await backend.close()
        return heard.text

    assert {asyncio.run(once()) for _ in range(4)} == {"word1 word2 word3 word4 word5 "}


def test_importing_the_backend_does_not_import_litellm() -> None:
    """Web processes check every name in settings at their start, and would pay seconds and 150 MB."""
    code = "import agents.llm.litellm_backend, agents.llm.scripted, sys; print({'litellm', 'httpx'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_litellm_asks_nobody_for_prices(process_environment: dict[str, Any]) -> None:
    """Nor anything else: its import is tried where no connection can be made."""
    code = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('went to the network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import django; django.setup()\n"
        "from agents.llm import litellm_backend\n"
        "module = litellm_backend._import()\n"
        "print(len(module.model_cost) > 100, module.telemetry, module.disable_streaming_logging)"
    )
    there = {**process_environment, "DJANGO_SETTINGS_MODULE": "chatroom.settings"}
    there.pop("LITELLM_LOCAL_MODEL_COST_MAP", None)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=there)
    assert ran.stdout.strip() == "True False True", ran.stderr
