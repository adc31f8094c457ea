from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools import Between, Longest, Tool, ToolContext, available_tools, register_tool
from agents.tools.schema import BadArguments


@register_tool(effect="reads", per_minute=3)
async def weigh(
    context: ToolContext,
    what: Annotated[str, "A thing", Longest(5)],
    times: Annotated[int, Between(1, 3)] = 1,
    unit: Literal["kg", "lb"] = "kg",
    exact: bool | None = None,
    tags: list[str] | None = None,
    factor: float = 1.0,
) -> str:
    """Weigh
    a thing."""
    return "heavy"


def test_a_typed_function_becomes_a_tool_that_a_model_can_be_told_of() -> None:
    assert isinstance(weigh, Tool)
    assert (weigh.name, weigh.description, weigh.effect, weigh.per_minute) == ("weigh", "Weigh a thing.", "reads", 3)
    assert weigh.parameters.schema == {
        "type": "object",
        "properties": {
            "what": {"type": "string", "maxLength": 5, "description": "A thing"},
            "times": {"type": "integer", "minimum": 1, "maximum": 3},
            "unit": {"type": "string", "enum": ["kg", "lb"]},
            "exact": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 1000}, "maxItems": 50},
            "factor": {"type": "number"},
        },
        "required": ["what"],
        "additionalProperties": False,
    }


def test_what_no_model_could_be_told_of_does_not_become_a_tool() -> None:
    async def silent(context: ToolContext) -> None: ...

    def waits(context: ToolContext) -> None:
        """Not async."""

    async def odd(context: ToolContext, what: set[int]) -> None:
        """Takes what JSON has not."""

    async def untyped(context, what) -> None:
        """Says nothing of its argument."""

    async def bare() -> None:
        """Takes no context."""

    functions: list[Any] = [silent, waits, odd, untyped, bare]
    for function in functions:
        with pytest.raises(TypeError):
            register_tool()(function)
    with pytest.raises(TypeError):
        register_tool(effect="sings")  # type: ignore[arg-type]


def test_right_arguments_are_read_and_defaults_left_to_the_function() -> None:
    assert weigh.parameters.read('{"what": "tea"}') == {"what": "tea"}
    assert weigh.parameters.read('{"what": "t\\u0000\\ud800", "factor": 2, "exact": null, "tags": ["a"]}') == {
        "what": "t\N{REPLACEMENT CHARACTER}",
        "factor": 2.0,
        "exact": None,
        "tags": ["a"],
    }


HOSTILE = [
    "", "null", "[]", '"what"', "{", "{]", '{"what": NaN}', '{"what": "tea", "factor": Infinity}', "\x00", "\ud800",
    "[" * 100_000, '{"a":' * 5_000, '{"what": "' + "x" * 20_000 + '"}', '{"what": 5}', '{"what": ["tea"]}',
    '{"what": "longer than five"}', '{"what": "tea", "times": 0}', '{"what": "tea", "times": 4}',
    '{"what": "tea", "times": true}', '{"what": "tea", "times": "2"}', '{"what": "tea", "times": 1.5}',
    '{"what": "tea", "times": ' + "9" * 5_000 + "}", '{"what": "tea", "factor": ' + "9" * 4_000 + "}",
    '{"what": "tea", "unit": "stone"}', '{"what": "tea", "unit": null}', '{"what": "tea", "exact": 1}',
    '{"what": "tea", "tags": "a"}', '{"what": "tea", "tags": [1]}', '{"what": "tea", "context": {"room_id": 1}}',
    '{"what": "tea", "tags": [' + ",".join(['"a"'] * 51) + "]}", '{"what": "tea", "__class__": "x"}',
    '{"what": "tea", "requester": "ada"}', '{"what": "tea", "self": 1}', '{"what": null}', '{"": ""}',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_wrong_arguments_are_told_in_sentences(text: str) -> None:
    with pytest.raises(BadArguments) as bad:
        weigh.parameters.read(text)
    assert bad.value.problems
    json.dumps(bad.value.problems).encode()


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_nothing_a_model_can_write_breaks_the_reading(text: str) -> None:
    for tool in [weigh, *available_tools().values()]:
        try:
            found: dict[str, Any] = tool.parameters.read(text)
        except BadArguments:
            continue
        assert found.keys() <= set(tool.parameters.schema["properties"])
