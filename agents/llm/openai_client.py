"""The client through which LiteLLM speaks the OpenAI protocol, spared half of a call's work.

It walks through every request, field by field and message by message, to rename what its types rename and to encode
files. A chat has none of either: with a context of twenty messages the walk took 4 ms of the 8 that a call costs before
it leaves.

It also asks of every field of every chunk, by its type, how to make an object of it. A chunk with a few letters has
nothing but texts and numbers in it, and was a third of what LiteLLM took for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any


async def untouched(data: Mapping[str, Any] | None, expected_type: object) -> dict[str, Any] | None:
    """Stands in for the client's `async_maybe_transform`: what was not given is left out, all else stays."""
    from openai._utils import is_given

    return None if data is None else {name: value for name, value in data.items() if is_given(value)}


PLAIN = (str, int, float, type(None))


def chunk_of(data: Any) -> Any:
    """A chunk of an answer as the client would construct it; in its own way if there is more to it than text."""
    from openai._models import construct_type
    from openai.types.chat.chat_completion_chunk import ChatCompletionChunk, Choice, ChoiceDelta

    if not is_plain(data):
        return construct_type(type_=ChatCompletionChunk, value=data)
    choices = [made(Choice, {**one, "delta": made(ChoiceDelta, one["delta"])}) for one in data["choices"]]
    return made(ChatCompletionChunk, {**data, "choices": choices})


def is_plain(data: Any) -> bool:
    """Choices, each with a delta, and nothing else that has parts of its own."""
    try:
        choices = data["choices"]
        deltas = [choice["delta"] for choice in choices]
        scalars = [*values(data, "choices"), *(value for choice in choices for value in values(choice, "delta"))]
        scalars += [value for delta in deltas for value in delta.values()]
    except (AttributeError, KeyError, TypeError):
        return False
    return isinstance(choices, list) and all(isinstance(value, PLAIN) for value in scalars)


def values(facts: Mapping[str, Any], besides: str) -> list[Any]:
    return [value for name, value in facts.items() if name != besides]


def made(model: Any, given: Mapping[str, Any]) -> Any:
    """What `construct` makes of values that are as they should be already."""
    known = defaults_of(model)
    found = model.__new__(model)
    object.__setattr__(found, "__dict__", known | {name: value for name, value in given.items() if name in known})
    object.__setattr__(found, "__pydantic_private__", None)
    extra = {name: value for name, value in given.items() if name not in known}
    object.__setattr__(found, "__pydantic_extra__", extra)
    object.__setattr__(found, "__pydantic_fields_set__", {name for name in given if name in known})
    return found


@cache
def defaults_of(model: Any) -> dict[str, Any]:
    from openai._compat import field_get_default

    return {name: field_get_default(field) for name, field in model.model_fields.items()}


def spare_the_walk() -> None:
    """Of chat completions alone. A client built otherwise keeps its own ways."""
    from openai.resources.chat.completions import completions
    from openai.types.chat.chat_completion_chunk import ChatCompletionChunk

    module: ModuleType = completions
    if hasattr(module, "async_maybe_transform"):
        setattr(module, "async_maybe_transform", untouched)  # noqa: B010  (typed as if it could not be set)
    # The client asks its types for this themselves, if they have it.
    setattr(ChatCompletionChunk, "build", staticmethod(lambda *, response, data: chunk_of(data)))  # noqa: B010
