"""LiteLLM's reading of a stream, spared what it does for each word again.

For a chunk in OpenAI's words it makes eight objects one out of the other, and asks each a dozen times what it has; most
of that is for what differs between providers, and the same for all chunks of a stream. So whatever it has made of one
chunk it has made of the next, if the two differ in nothing but their text. That is a third of what a word costs here.
Everything else (the first and the last chunk, calls of tools, thoughts, other protocols) goes its own way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

NOISE = "obfuscation"
"""OpenAI fills chunks up with it, so that their length does not tell their text."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`made` is what LiteLLM made of a chunk that had these `facts` besides its text."""

    facts: tuple[dict[str, Any], ...]
    made: Any

    def with_text(self, text: str) -> Any:
        """As LiteLLM would have made it. The parts that hold no text are the pattern's own: nobody changes them."""
        choice = self.made.choices[0].model_copy()
        choice.delta = self.made.choices[0].delta.model_copy()
        choice.delta.content = text
        return self.made.model_copy(update={"choices": [choice]})


def facts_of(chunk: Any) -> tuple[dict[str, Any], ...] | None:
    """All of a chunk but its text, level by level; None for one that is not of OpenAI's making, or has no text."""
    if type(chunk) is not chunk_class() or len(chunk.choices) != 1:
        return None
    choice = chunk.choices[0]
    delta = choice.delta
    if delta is None or choice.finish_reason or not isinstance(delta.content, str) or not delta.content:
        return None
    return *levels(chunk, "choices"), *levels(choice, "delta"), *levels(delta, "content")


def levels(model: Any, besides: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {**model.__dict__, besides: None}, {**(model.__pydantic_extra__ or {}), NOISE: None}


@cache
def chunk_class() -> type[Any]:
    from openai.types.chat.chat_completion_chunk import ChatCompletionChunk

    return ChatCompletionChunk


def spare_each_word(litellm: Any) -> None:
    """Of the wrapper around every stream."""
    wrapper = litellm.CustomStreamWrapper
    providers = frozenset({"openai", "azure", *litellm.openai_compatible_providers})
    wrapper.chunk_creator = quick(wrapper.chunk_creator, providers)


def quick(its_own: Callable[[Any, Any], Any], providers: frozenset[str]) -> Callable[[Any, Any], Any]:
    """Stands in for `CustomStreamWrapper.chunk_creator`, which is `its_own`."""

    def chunk_creator(stream: Any, chunk: Any) -> Any:
        facts = facts_of(chunk) if is_under_way(stream, providers) else None
        if facts is None:
            return its_own(stream, chunk)
        text = chunk.choices[0].delta.content
        pattern: Pattern | None = getattr(stream, "pattern", None)
        if pattern is not None and pattern.facts == facts:
            stream.intermittent_finish_reason = None
            return pattern.with_text(text)
        made = its_own(stream, chunk)
        stream.pattern = Pattern(facts, made) if text_in(made) == text else None
        return made

    return chunk_creator


def is_under_way(stream: Any, providers: frozenset[str]) -> bool:
    """Neither beginning nor ending, and nothing is made of thoughts."""
    return (
        stream.sent_first_chunk is True
        and stream.received_finish_reason is None
        and stream.custom_llm_provider in providers
        and stream.merge_reasoning_content_in_choices is not True
    )


def text_in(made: Any) -> str | None:
    if made is None or len(made.choices) != 1 or made.choices[0].finish_reason:
        return None
    text: str | None = made.choices[0].delta.content
    return text
