"""Time and size, counted alike for every backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agents.llm.deadlines import Sign, guarded
from agents.llm.port import Deadlines, Finish, Limits, LLMError, Part, Request, Text, Usage
from tests.agents.llm.hearing import USUAL
from tests.clock import in_no_time

Parts = AsyncGenerator[Part | Sign, None]
DONE = Finish("stop", Usage())


async def told(parts: Parts, deadlines: Deadlines, limits: Limits = USUAL, reading: float = 0) -> tuple[str, str]:
    """What was heard, and `kind deadline` of the end."""
    request = Request("any", (), deadlines=deadlines, limits=limits)
    heard, ended = "", LLMError("cancelled")
    try:
        async for part in guarded(parts, request, lambda _, text: Usage(completion_tokens=len(text))):
            heard += part.text if isinstance(part, Text) else ""
            await asyncio.sleep(reading)
    except LLMError as error:
        ended = error
    else:
        return heard, "stop"
    assert ended.usage == Usage(completion_tokens=len(heard))
    return heard, f"{ended.kind} {ended.deadline}"


async def saying(*texts: str, every: float = 0.0) -> Parts:
    for text in texts:
        await asyncio.sleep(every)
        yield Text(text)
    yield DONE


async def thinking(seconds: float, every: float) -> Parts:
    for _ in range(round(seconds / every)):
        await asyncio.sleep(every)
        yield Sign.THOUGHT
    yield Text("so")
    yield DONE


@in_no_time
async def test_a_reader_who_takes_his_time_is_not_the_models_silence() -> None:
    assert await told(saying("a", "b"), Deadlines(1, 0.1, 0.1, 5), reading=0.2) == ("ab", "stop")


@in_no_time
async def test_thought_puts_off_the_first_token_but_not_the_end() -> None:
    assert await told(thinking(0.4, every=0.05), Deadlines(1, 0.2, 0.2, 5)) == ("so", "stop")
    assert await told(thinking(5, every=0.05), Deadlines(1, 0.2, 0.2, 0.3)) == ("", "timeout total")


@in_no_time
async def test_the_total_names_itself_also_while_waiting_for_the_first_word() -> None:
    assert await told(saying("late", every=1), Deadlines(1, 5, 5, 0.1)) == ("", "timeout total")


@in_no_time
async def test_a_timeout_of_the_backends_own_is_not_taken_for_ours() -> None:
    async def broken() -> Parts:
        yield Text("a")
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await told(broken(), Deadlines())


@in_no_time
async def test_the_end_is_cut_to_the_limit_and_then_said() -> None:
    assert await told(saying("abc", "def", "ghi"), Deadlines(), Limits(max_chars=5)) == ("abcde", "too_large None")
    assert await told(saying("abc", "def"), Deadlines(), Limits(max_chars=6)) == ("abcdef", "stop")
    assert await told(saying("abc", "defg"), Deadlines(), Limits(max_chunk_chars=3)) == ("abc", "too_large None")
    assert await told(saying(*"abcdef"), Deadlines(), Limits(max_chunks=3)) == ("abc", "too_large None")


@in_no_time
async def test_endless_thought_is_cut_too() -> None:
    assert await told(thinking(1, every=0.001), Deadlines(), Limits(max_chunks=20)) == ("", "too_large None")


@in_no_time
async def test_whatever_happens_the_backend_is_closed() -> None:
    closed = []

    async def parts() -> Parts:
        try:
            yield Text("a")
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    await told(parts(), Deadlines(1, 0.05, 0.05, 1))
    assert closed == [True]
