"""What a token costs before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from .port import Request

MICROS = 1_000_000
SAMPLE = 1000
"""Tokens for which LiteLLM's list is asked: few enough for the first of prices that rise with the length."""


@dataclass(frozen=True, slots=True)
class Price:
    """Millionths of a dollar for a token, told and written."""

    prompt: float = 0.0
    completion: float = 0.0

    def __bool__(self) -> bool:
        return self.prompt > 0 or self.completion > 0

    def of(self, prompt: float, completion: float) -> int:
        return rounded_up(prompt * self.prompt + completion * self.completion)


FREE = Price()


def price_of(request: Request, litellm: Any = None) -> Price:
    """The request's own, else that of LiteLLM's list; nothing for what has none."""
    own = request.params.get("price")
    if isinstance(own, Mapping):
        return Price(float(own.get("prompt", 0)), float(own.get("completion", 0)))
    if litellm is None:
        return FREE
    return listed(request.model, litellm)


@lru_cache(maxsize=256)
def listed(model: str, litellm: Any) -> Price:
    with suppress(Exception):  # it raises, slowly, for a model that is not on its list
        sides = litellm.cost_per_token(model=model, prompt_tokens=SAMPLE, completion_tokens=SAMPLE)
        return Price(*(side * MICROS / SAMPLE for side in sides))
    return FREE


def rounded_up(micros: float) -> int:
    """Up to the next whole micro-dollar, but not for what is only the noise of floating point."""
    return max(0, ceil(round(micros, 6)))
