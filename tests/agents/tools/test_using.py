"""Time, size and mistakes of any tool."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from agents.tools import Result, ToolContext, ToolError, register_tool
from agents.tools.using import use
from rooms.errors import Forbidden

HERE = ToolContext(run=uuid4(), requester="ada", agent="echo", room_id=0, room="den", audience=None)


@register_tool(seconds=0.05)
async def sleeps(context: ToolContext) -> str:
    """Too long."""
    await asyncio.sleep(60)
    return "never"


@register_tool(max_chars=20)
async def gives(context: ToolContext) -> Any:
    """Whatever the test wants."""
    if isinstance(GIVEN[0], Exception):
        raise GIVEN[0]
    return GIVEN[0]


GIVEN: list[Any] = [None]


async def given(data: Any) -> dict[str, Any]:
    GIVEN[0] = data
    return (await use(gives, HERE, {})).data


async def test_a_tool_that_takes_too_long_is_stopped() -> None:
    assert "longer than 0.05 seconds" in (await use(sleeps, HERE, {})).data["error"]


async def test_what_it_gives_is_data_of_bounded_size() -> None:
    assert await given("x" * 21) == {"result": "x" * 20 + " […]"}
    assert await given({"a": [1, 2.5, None]}) == {"result": {"a": [1, 2.5, None]}}
    assert await given([{"text": "long enough to be cut"}]) == {"result": '[{"text":"long enoug […]'}
    assert await given({"nul\0": "a\0\ud800"}) == {"result": {"nul": "a\N{REPLACEMENT CHARACTER}"}}
    assert await given(Result("x", [])) == {"result": "x"}


async def test_its_mistakes_are_answers_and_tell_nothing_of_the_house() -> None:
    assert await given(ToolError("No such thing.")) == {"error": "No such thing."}
    assert await given(RuntimeError("postgresql://user:secret@host")) == {
        "error": "«gives» failed by a fault of our own."
    }
    assert "secret" not in str(await given(Forbidden()))
    assert "error" in await given(2**100)
