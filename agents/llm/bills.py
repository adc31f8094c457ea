"""What a call took, in tokens and whole micro-dollars.

The price is the request's own, `params["price"] = {"prompt": 2.5, "completion": 10}` in US dollars per million tokens
(which is micro-dollars per token), else LiteLLM's list, which came with its release. What has no price costs nothing: a
model on one's own machine. Costs round up, so that many small calls are not free.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from agents.llm.port import Request, Usage, count_tokens
from agents.llm.pricing import MICROS, listed, rounded_up

PER_TURN = 4
"""Tokens a turn costs beyond its text, for its role and separators."""
PER_IMAGE = 1_600
"""Tokens of a picture, at most, as providers bring it down to their size."""
NOBODYS = 100_000_000
"""Tokens that no call takes: a count from here on is no count."""


def usage_of(request: Request, written: str, counted: Any, litellm: Any) -> Usage:
    """From the provider's own count where it can be one; `written` is all that came, thoughts and calls too."""
    if counted is None or not is_count(counted, written):
        return estimated(request, written, litellm)
    prompt, completion = counted.prompt_tokens, counted.completion_tokens
    return Usage(prompt, completion, _cost(request, prompt, completion, litellm, counted))


def is_count(counted: Any, written: str) -> bool:
    """Whole numbers of something: nothing was ever told for no tokens, nor written."""
    numbers = counted.prompt_tokens, counted.completion_tokens
    if any(type(number) is not int or not 0 <= number < NOBODYS for number in numbers):
        return False
    return numbers[0] > 0 and (numbers[1] > 0 or not written)


def estimated(request: Request, written: str, litellm: Any = None) -> Usage:
    """Counted by ourselves; too little where the model thought unseen."""
    prompt = prompt_tokens(request)
    completion = count_tokens(request.model, written)
    return Usage(prompt, completion, _cost(request, prompt, completion, litellm), estimated=True)


def prompt_tokens(request: Request) -> int:
    """All that is read, words and pictures."""
    words = sum(count_tokens(request.model, text) + PER_TURN for text in told(request))
    return words + seen(request)


def seen(request: Request) -> int:
    """What its pictures count."""
    return sum(image.tokens or PER_IMAGE for turn in request.turns for image in turn.images)


def told(request: Request) -> Iterator[str]:
    """All texts of a request, those about tools among them."""
    for turn in request.turns:
        yield turn.content + "".join(call.name + call.arguments for call in turn.calls)
    for tool in request.tools:
        yield f"{tool.name} {tool.description} {tool.schema}"


def _cost(request: Request, prompt: int, completion: int, litellm: Any, counted: Any = None) -> int:
    price = request.params.get("price")
    if isinstance(price, Mapping):
        return rounded_up(prompt * float(price.get("prompt", 0)) + completion * float(price.get("completion", 0)))
    if litellm is None or not listed(request.model, litellm):
        return 0
    with suppress(Exception):  # it raises for a model that is not on its list
        sides = litellm.cost_per_token(
            model=request.model, prompt_tokens=prompt, completion_tokens=completion, usage_object=counted
        )
        return rounded_up(sum(sides) * MICROS)
    return 0
