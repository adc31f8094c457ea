"""What a call took, whatever the provider says of it: nothing for nothing, and nothing that nobody can have taken."""

from __future__ import annotations

import pytest

from agents.llm import bills
from agents.llm.litellm_backend import LiteLLM
from agents.llm.port import Image, Request, Turn, Usage, count_tokens
from agents.llm.pricing import Price
from agents.llm.worst import worst_of
from tests.upstream.counting import CLAIMS
from tests.upstream.server import Upstream

from .hearing import Heard, hear

PRICE = {"price": {"prompt": 1, "completion": 10}}


def asked(upstream: Upstream, model: str) -> Request:
    return Request(f"openai/{model}", (Turn("user", "How much?"),), upstream.params(**PRICE))


@pytest.mark.parametrize("claim", [name for name in CLAIMS if name != "counts-double"])
async def test_a_count_that_is_none_is_not_believed(upstream: Upstream, claim: str, litellm: LiteLLM) -> None:
    heard = await hear(litellm, asked(upstream, claim))
    assert heard.text == "word1 word2 word3 word4 word5 "
    assert usage_of(heard) == Usage(7, 8, 87, estimated=True)


async def test_a_count_that_can_be_is_believed(upstream: Upstream, litellm: LiteLLM) -> None:
    assert usage_of(await hear(litellm, asked(upstream, "counts-double"))) == Usage(20, 500_000, 5_000_020)


@pytest.mark.parametrize("model", ["thinks-uncounted", "calls-uncounted"])
async def test_thoughts_and_calls_cost_also_where_nobody_counts(
    upstream: Upstream, model: str, litellm: LiteLLM
) -> None:
    usage = usage_of(await hear(litellm, asked(upstream, model)))
    assert usage is not None
    assert usage.estimated
    assert usage.completion_tokens > 300


async def test_a_call_that_never_ends_is_cut(upstream: Upstream, litellm: LiteLLM) -> None:
    heard = await hear(litellm, asked(upstream, "calls-for-ever"))
    assert heard.trouble.kind == "too_large"
    usage = usage_of(heard)
    assert usage is not None
    assert usage.completion_tokens > 10_000


def usage_of(heard: Heard) -> Usage | None:
    """LiteLLM takes numbers that are none for the end of the world; what was said is billed all the same."""
    return heard.error.usage if heard.error else heard.finish.usage


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("0123456789" * 50, 500),  # digits are tokens of their own for many models
        ("{}[]();:<>/" * 50, 550),
        ("🦊🐻" * 50, 400),  # bytes, at worst
        ("漢字" * 50, 300),
    ],
)
def test_what_is_no_prose_is_set_aside_for_byte_by_byte(text: str, tokens: int) -> None:
    worst = worst_of(Request("m", (Turn("user", text),), {"max_tokens": 0}), Price(1, 0))
    assert worst.whole >= tokens


def test_prose_is_set_aside_for_with_a_third_on_top_and_little_more() -> None:
    prose = "She had waited for the train, and when it came at last it was full of soldiers singing. " * 20
    worst = worst_of(Request("m", (Turn("user", prose),), {"max_tokens": 0}), Price(1, 0))
    assert 1.3 < worst.whole / count_tokens("m", prose) < 1.6


def test_pictures_cost_before_and_after() -> None:
    seen = Turn("user", "What is this?", images=(Image("image/png", b"..."),) * 2)
    without = Turn("user", "What is this?")
    requests = [Request("m", (turn,), {"max_tokens": 10, **PRICE}) for turn in (seen, without)]
    with_pictures, plain = [worst_of(request, Price(1, 1)).prompt for request in requests]
    assert with_pictures - plain == 2 * bills.PER_IMAGE
    after = [bills.estimated(request, "A fox.").prompt_tokens for request in requests]
    assert after[0] - after[1] == 2 * bills.PER_IMAGE
