"""The model without a model: it does as it is told, in this process and in others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.conf import LazySettings

from agents.llm.port import Deadlines, Finish, Text, ToolCall, backend_for, count_tokens
from agents.llm.scripted import Scripted
from tests.agents.llm.hearing import SHORT, asking, hear
from tests.clock import in_no_time


@in_no_time
async def test_it_says_what_it_is_told_chunk_by_chunk_and_then_no_more(scripted: Scripted) -> None:
    scripted.says("Hello", " Ada")
    heard = await hear(scripted, asking("scripted"))
    assert heard.parts[:2] == [Text("Hello"), Text(" Ada")]
    assert heard.finish.reason == "stop"
    assert (await hear(scripted, asking("scripted"))).text != "Hello Ada", "the next one is improvised"


@in_no_time
async def test_replies_queue_up(scripted: Scripted) -> None:
    scripted.says("one")
    scripted.fails("busy", retry_after=3)
    scripted.truncates("thr")
    assert (await hear(scripted, asking("scripted"))).text == "one"
    busy = await hear(scripted, asking("scripted"))
    assert (busy.trouble.kind, busy.trouble.retry_after, busy.text) == ("busy", 3, "")
    cut = await hear(scripted, asking("scripted"))
    assert (cut.trouble.kind, cut.text) == ("truncated", "thr")


@in_no_time
async def test_it_waits_stalls_calls_and_ends_as_told(scripted: Scripted) -> None:
    scripted.says("a").delay(0.2).says("b").finishes("length")
    heard = await hear(scripted, asking("scripted"))
    assert (heard.text, heard.finish.reason) == ("ab", "length")
    assert heard.seconds == pytest.approx(0.2)
    scripted.calls("add", a=1).finishes("tool_calls")
    assert (await hear(scripted, asking("scripted"))).calls == [ToolCall("call_1", "add", '{"a": 1}')]


@in_no_time
async def test_it_is_held_to_deadlines_like_a_real_one(scripted: Scripted) -> None:
    scripted.says("Well").stalls()
    heard = await hear(scripted, asking("scripted", deadlines=SHORT))
    assert (heard.text, heard.trouble.kind, heard.trouble.deadline) == ("Well", "timeout", "idle")


@in_no_time
async def test_it_remembers_what_it_was_asked(scripted: Scripted) -> None:
    await hear(scripted, asking("scripted", "ada: are you there?"))
    assert scripted.requests[-1].turns[-1].content == "ada: are you there?"


@pytest.mark.parametrize(
    ("model", "text", "end"),
    [
        ("scripted:say Hello there", "Hello there", "stop"),
        ("scripted:words-n3", "word1 word2 word3 ", "stop"),
        ("scripted:stall", "This is an answer that ", "timeout"),
        ("scripted:hang", "", "timeout"),
        ("scripted:truncate", "This is an answer that ", "truncated"),
        ("scripted:broken", "This is an answer that ", "down"),
        ("scripted:empty", "", "empty"),
        ("scripted:fail-refused", "", "refused"),
    ],
)
@in_no_time
async def test_a_models_name_is_a_script_for_any_process(scripted: Scripted, model: str, text: str, end: str) -> None:
    heard = await hear(scripted, asking(model, deadlines=Deadlines(1, 0.3, 0.3, 1)))
    assert heard.text == text
    assert (heard.error.kind if heard.error else heard.finish.reason) == end


@in_no_time
async def test_an_endless_one_is_cut(scripted: Scripted) -> None:
    heard = await hear(scripted, asking("scripted:endless"))
    assert (heard.trouble.kind, len(heard.text)) == ("too_large", 32_000)


@in_no_time
async def test_a_script_can_come_with_the_request(scripted: Scripted) -> None:
    script: list[dict[str, Any]] = [{"say": "Wait"}, {"wait": 0.05}, {"say": " for it"}, {"fail": "down"}]
    heard = await hear(scripted, asking("scripted", params={"script": script}))
    assert (heard.text, heard.trouble.kind) == ("Wait for it", "down")


@in_no_time
async def test_its_pace_can_be_set_by_name_parameter_and_setting(scripted: Scripted, settings: LazySettings) -> None:
    by_name = await hear(scripted, asking("scripted:words-f100-i20-n6"))
    assert by_name.seconds == pytest.approx(0.1 + 5 * 0.02)
    by_parameter = await hear(scripted, asking("scripted:words-n6", params={"tokens_per_second": 50}))
    assert by_parameter.seconds == pytest.approx(5 / 50)
    settings.LLM_SCRIPTED_FIRST_TOKEN_MS, settings.LLM_SCRIPTED_TOKENS_PER_SECOND = 150, 0
    assert (await hear(scripted, asking("scripted:words-n6"))).seconds == pytest.approx(0.15)


@in_no_time
async def test_it_stops_at_max_tokens(scripted: Scripted) -> None:
    heard = await hear(scripted, asking("scripted:words-n100", params={"max_tokens": 5}))
    assert heard.finish.reason == "length"
    assert heard.finish.usage.completion_tokens in (5, 6)


@in_no_time
async def test_it_counts_what_it_took(scripted: Scripted) -> None:
    scripted.says("four", "more")
    price = {"prompt": 1, "completion": 1000}
    heard = await hear(scripted, asking("scripted", "ada: hello", system="Be.", params={"price": price}))
    used = heard.finish.usage
    assert (used.prompt_tokens, used.completion_tokens, used.cost_micros, used.estimated) == (12, 2, 2012, True)


@in_no_time
async def test_streams_side_by_side_do_not_mix(scripted: Scripted) -> None:
    models = [f"scripted:say {who} {who} {who}" for who in ("ada", "bob", "eve")]
    heard = await asyncio.gather(*(hear(scripted, asking(model)) for model in models))
    assert [each.text for each in heard] == ["ada ada ada", "bob bob bob", "eve eve eve"]


def test_there_is_one_backend_per_process_and_name(settings: LazySettings) -> None:
    settings.LLM_BACKEND = "agents.llm.scripted.Scripted"
    assert backend_for() is backend_for("agents.llm.scripted.Scripted")


def test_tokens_are_a_quarter_of_the_bytes() -> None:
    assert [count_tokens("any", text) for text in ("", "a", "four", "fiver", "äöüß", "\ud800")] == [0, 1, 1, 2, 2, 1]


@in_no_time
async def test_a_finish_is_always_last(scripted: Scripted) -> None:
    heard = await hear(scripted, asking("scripted", "ada: what is new?"))
    assert [isinstance(part, Finish) for part in heard.parts].index(True) == len(heard.parts) - 1
