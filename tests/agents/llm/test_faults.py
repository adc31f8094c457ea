"""Every way a provider was seen to misbehave, over real HTTP through LiteLLM: what is shown, what is said, and when."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest

from agents.llm.litellm_backend import LiteLLM
from agents.llm.port import Deadlines, Finish, Limits, Text, Usage
from tests.agents.llm.hearing import PATIENT, Heard, asking, hear
from tests.servers import spare_port
from tests.upstream.server import Upstream

LATE = 8.0
"""Seconds by which a machine that does much else may be late; less than any other deadline here."""


async def through(litellm: LiteLLM, upstream: Upstream, model: str, deadlines: Deadlines = PATIENT) -> Heard:
    return await hear(litellm, asking(f"openai/{model}", params=upstream.params(), deadlines=deadlines))


async def test_fine_comes_word_by_word_and_ends_with_the_providers_count(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await through(litellm, upstream, "fine")
    assert heard.parts[:-1] == [Text(f"word{number} ") for number in range(1, 6)]
    assert heard.finish == Finish("stop", Usage(prompt_tokens=14, completion_tokens=5))


async def test_a_slow_first_token_in_time_is_no_fault(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await through(litellm, upstream, "slow-first-token-f400", Deadlines(first_token=5))
    assert heard.finish.reason == "stop"
    assert heard.seconds > 0.4


@pytest.mark.parametrize(
    ("model", "deadline", "text", "seconds"),
    [
        ("slow-first-token-f20000", "first_token", "", 1.0),
        ("hang", "first_token", "", 1.0),
        ("stall", "idle", "word1 word2 word3 ", 1.0),
        ("silent-pings", "idle", "word1 word2 ", 2.0),
        ("drip", "total", "word1 word2 word3 ", 3.0),
    ],
)
async def test_each_deadline_is_kept_and_named(
    litellm: LiteLLM, upstream: Upstream, model: str, deadline: str, text: str, seconds: float
) -> None:
    heard = await through(litellm, upstream, model, replace(PATIENT, **{deadline: seconds}))
    assert (heard.trouble.kind, heard.trouble.deadline) == ("timeout", deadline)
    assert heard.text.startswith(text)
    assert seconds <= heard.seconds < seconds + LATE
    assert await upstream.asettled() == ["dropped"], "the provider goes on writing, and billing"


async def test_an_address_that_does_not_answer_is_given_up_at_the_connect_deadline(litellm: LiteLLM) -> None:
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):  # the kernel leaves further clients without an answer
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        params = {"api_base": f"http://127.0.0.1:{full.getsockname()[1]}/v1"}
        heard = await hear(litellm, asking("openai/fine", params=params, deadlines=replace(PATIENT, connect=0.5)))
    assert (heard.trouble.kind, heard.trouble.deadline, heard.text) == ("timeout", "connect", "")
    assert heard.seconds < 0.5 + LATE
    assert heard.trouble.usage == Usage()


async def test_a_closed_port_means_the_provider_is_down(litellm: LiteLLM) -> None:
    heard = await hear(litellm, asking("openai/fine", params={"api_base": f"http://127.0.0.1:{spare_port()}/v1"}))
    assert heard.trouble.kind == "down"


@pytest.mark.parametrize(
    ("model", "kind", "retry_after"),
    [
        ("429", "busy", 7.0),
        ("500", "down", None),
        ("503", "down", 11.0),
        ("401", "refused", None),
        ("400", "refused", None),
        ("unknown-model", "refused", None),
        ("reset-at-once", "down", None),
    ],
)
async def test_a_refusal_before_the_first_word_costs_nothing_and_is_one_call(
    litellm: LiteLLM, upstream: Upstream, model: str, kind: str, retry_after: float | None
) -> None:
    heard = await through(litellm, upstream, model)
    assert (heard.trouble.kind, heard.trouble.retry_after, heard.text) == (kind, retry_after, "")
    assert heard.trouble.usage == Usage()
    assert len(upstream.calls) == 1, "a retry inside would be paid twice"


@pytest.mark.parametrize(
    ("model", "kind", "text"),
    [
        ("malformed", "protocol", "word1 word2 "),
        ("wrong-shape", "protocol", "word1 word2 "),
        ("error-in-stream", "down", "word1 word2 "),
        ("busy-in-stream", "busy", "word1 word2 "),
        ("html", "protocol", ""),
        ("empty", "empty", ""),
        ("nothing", "empty", ""),
        ("eof", "truncated", "word1 word2 word3 "),
        ("reset", "truncated", "word1 word2 word3 "),
        ("cut", "truncated", "word1 word2 word3 "),
    ],
)
async def test_a_broken_answer_is_not_an_answer(
    litellm: LiteLLM, upstream: Upstream, model: str, kind: str, text: str
) -> None:
    heard = await through(litellm, upstream, model)
    assert (heard.trouble.kind, heard.text) == (kind, text)
    assert heard.trouble.message.endswith("."), "a sentence for people"
    assert heard.trouble.usage is not None
    assert heard.trouble.usage.estimated
    assert len(upstream.calls) == 1


@pytest.mark.parametrize(("model", "chars"), [("huge-delta", 12), ("endless", 2_000), ("repeating", 2_000)])
async def test_what_grows_without_end_is_cut(litellm: LiteLLM, upstream: Upstream, model: str, chars: int) -> None:
    limits = Limits(max_chars=2_000, max_chunk_chars=2_000)
    heard = await hear(litellm, asking(f"openai/{model}", params=upstream.params(), limits=limits))
    assert (heard.trouble.kind, len(heard.text)) == ("too_large", chars)
    assert model == "huge-delta" or await upstream.asettled() == ["dropped"]


async def test_a_delta_of_two_megabytes_is_cut_also_when_limits_are_wide(litellm: LiteLLM, upstream: Upstream) -> None:
    limits = Limits(max_chars=1_000_000, max_chunk_chars=1_000_000)
    heard = await hear(litellm, asking("openai/huge-delta", params=upstream.params(), limits=limits))
    assert (heard.trouble.kind, heard.text) == ("too_large", "word1 word2 ")


async def test_a_line_without_an_end_is_cut_before_it_fills_the_memory(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(
        litellm, asking("openai/endless-line", params=upstream.params(), limits=Limits(max_chunk_chars=100))
    )
    assert (heard.trouble.kind, heard.text) == ("too_large", "")
    assert await upstream.asettled() == ["dropped"]


async def test_a_hundred_thousand_tiny_chunks_are_cut(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await hear(litellm, asking("openai/endless", params=upstream.params(), limits=Limits(max_chunks=50)))
    assert (heard.trouble.kind, len(heard.parts)) == ("too_large", 50)


@pytest.mark.parametrize("model", ["endless-call", "endless-calls"])
async def test_calls_of_tools_that_never_end_are_cut(litellm: LiteLLM, upstream: Upstream, model: str) -> None:
    heard = await through(litellm, upstream, model)
    assert (heard.trouble.kind, heard.text, heard.calls) == ("too_large", "", [])
    assert await upstream.asettled() == ["dropped"]


async def test_calls_that_are_not_made_of_texts_are_nonsense(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await through(litellm, upstream, "call-of-no-texts")
    assert heard.trouble.kind in ("protocol", "empty")  # LiteLLM leaves out what it cannot read
    assert heard.calls == []


async def test_a_count_that_cannot_be_is_made_anew(litellm: LiteLLM, upstream: Upstream) -> None:
    usage = (await through(litellm, upstream, "miscounted")).finish.usage
    assert usage.estimated
    assert (0 < usage.prompt_tokens < 100, 0 < usage.completion_tokens < 100) == (True, True)


@pytest.mark.parametrize("model", ["never-billed", "bill-is-lost"])
async def test_what_has_ended_is_whole_though_its_bill_never_comes(
    litellm: LiteLLM, upstream: Upstream, model: str
) -> None:
    heard = await through(litellm, upstream, model, replace(PATIENT, idle=1))
    assert heard.text == "word1 word2 word3 word4 word5 "
    assert (heard.finish.reason, heard.finish.usage.estimated) == ("stop", True)
    assert heard.finish.usage.completion_tokens > 5


async def test_a_call_that_has_ended_is_whole_too(litellm: LiteLLM, upstream: Upstream) -> None:
    heard = await through(litellm, upstream, "call-is-never-billed", replace(PATIENT, idle=1))
    assert [(call.name, call.arguments) for call in heard.calls] == [("add", '{"a": 1}')]
    assert heard.finish.reason == "tool_calls"
