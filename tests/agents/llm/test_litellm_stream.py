"""What we spare LiteLLM for each word changes nothing of what it makes of a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.llm import litellm_backend
from agents.llm.litellm_stream import NOISE, Pattern, quick
from agents.llm.openai_client import chunk_of

HEAD: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
PROVIDERS = frozenset({"openai", "groq"})


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def said(*texts: str, **more: Any) -> list[dict[str, Any]]:
    return [chunk({"content": text}, **more) for text in texts]


FIRST = chunk({"role": "assistant", "content": ""})
END = chunk({}, "stop")
COUNTED = {**HEAD, "choices": [], "usage": USAGE}

STREAMS: dict[str, list[dict[str, Any]]] = {
    "words": [FIRST, *said("One ", "two ", "two ", " three", "\n"), END, COUNTED],
    "no role at first": [*said("One", " two"), END, COUNTED],
    "with noise": [FIRST, *(chunk({"content": t}, obfuscation=t * 3) for t in "abcd"), END, COUNTED],
    "a time for each": [FIRST, *(chunk({"content": t}, created=n) for n, t in enumerate("abcd")), END],
    "own fields": [FIRST, *said("a", "b", provider="x", system_fingerprint="f"), *said("c", provider="y"), END],
    "thoughts between": [*said("a", "b"), chunk({"content": "c", "reasoning_content": "hm"}), *said("d", "e"), END],
    "thoughts alone": [chunk({"content": None, "reasoning_content": "hm"}), *said("a", "b"), END],
    "a call after words": [*said("a", "b"), chunk({"content": None, "tool_calls": [CALL]}), chunk({}, "tool_calls")],
    "nothing in between": [*said("a", "b"), chunk({"content": ""}), chunk({}), *said("c", "d"), END],
    "an end with words": [*said("a", "b"), chunk({"content": "c"}, "stop"), COUNTED],
    "words after the end": [*said("a", "b"), END, *said("c", "d")],
    "usage with each": [FIRST, *said("a", "b", "c", usage=USAGE), END],
    "two choices": [*said("a", "b"), {**HEAD, "choices": [*said("c")[0]["choices"], *said("d")[0]["choices"]]}, END],
    "likelihoods": [FIRST, *({**one, "choices": [{**one["choices"][0], "logprobs": {"content": []}}]}
                             for one in said("a", "b", "c")), END],
}  # fmt: skip


@pytest.mark.parametrize("provider", ["openai", "azure", "groq"])
@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_what_litellm_itself_makes_of_it(name: str, provider: str) -> None:
    theirs, ours = [await made_of(STREAMS[name], provider, spared) for spared in (False, True)]
    assert ours == theirs
    assert ours


async def test_words_go_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    spared: list[str] = []
    was = Pattern.with_text

    def with_text(self: Pattern, text: str) -> Any:
        spared.append(text)
        return was(self, text)

    monkeypatch.setattr(Pattern, "with_text", with_text)
    await made_of(STREAMS["with noise"], "openai", spared=True)
    assert spared == list("bcd")
    assert "quick" in litellm_backend._import().CustomStreamWrapper.chunk_creator.__qualname__


async def made_of(chunks: Iterable[dict[str, Any]], provider: str, spared: bool) -> list[Any]:
    """What a reader gets of each chunk, and what it all was in the end."""
    stream = wrapper_around(chunks, provider)
    its_own = its_own_way(type(stream))
    way = quick(its_own, PROVIDERS | {"azure"}) if spared else its_own
    stream.chunk_creator = lambda chunk: way(stream, chunk)
    got = [facts_of(one) async for one in stream]
    kept = [one.choices[0].delta.content if one.choices else None for one in stream.chunks]
    return [got, kept, stream.received_finish_reason, stream.intermittent_finish_reason, stream.response_uptil_now]


def its_own_way(wrapper: Any) -> Any:
    """Under what the backend has put in its place."""
    found = wrapper.chunk_creator
    return found.__closure__[found.__code__.co_freevars.index("its_own")].cell_contents


def wrapper_around(chunks: Iterable[dict[str, Any]], provider: str) -> Any:
    litellm = litellm_backend._import()
    from litellm.litellm_core_utils.litellm_logging import Logging

    async def told() -> AsyncIterator[Any]:
        for one in chunks:
            yield chunk_of(one)

    log = Logging("m", [], True, "acompletion", datetime.now(UTC), "1", "1")
    log.model_call_details.setdefault("litellm_params", {})
    return litellm.CustomStreamWrapper(
        completion_stream=told(),
        model="m",
        custom_llm_provider=provider,
        logging_obj=log,
        stream_options={"include_usage": True},
    )


def facts_of(one: Any) -> Any:
    """Without what is new in each, its own id and time where the chunk had none, and without noise."""
    dumped = {name: value for name, value in one.model_dump(warnings=False).items() if name != NOISE}
    return {**dumped, "created": None, "hidden": {**one.hidden_params, "created_at": None, "usage": None}}
