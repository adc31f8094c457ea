"""What a call takes at worst, before it is made: what money is set aside for and what limits are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from . import bills
from .port import Request
from .pricing import Price

MARGIN = 4 / 3
"""Our own counting of tokens may be short of the provider's by so much."""
SENSIBLE = 64
"""An answer of fewer tokens is not worth beginning, unless the agent's own limit is lower."""
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n"


@dataclass(frozen=True, slots=True)
class Worst:
    """`prompt` tokens are told, `tokens` may be written, each at its price and with a margin. All of it is told `twice`
    where another place may go on with what broke off."""

    price: Price
    prompt: int
    tokens: int
    twice: bool = False

    @property
    def once(self) -> int:
        return self.price.of(self.prompt * MARGIN, self.tokens * MARGIN)

    @property
    def whole(self) -> int:
        told_again = (self.prompt + self.tokens) * MARGIN if self.twice else 0
        return self.price.of(self.prompt * MARGIN + told_again, self.tokens * MARGIN)

    @property
    def least(self) -> int:
        return self.price.of(self.prompt * MARGIN, min(SENSIBLE, self.tokens))

    @property
    def another(self) -> float:
        """One prompt more, in tokens of the answer."""
        if not self.price.completion:
            return inf
        return ceil(self.prompt * MARGIN * self.price.prompt / self.price.completion)

    @property
    def all_tokens(self) -> int:
        return ceil(self.prompt * MARGIN) + self.tokens

    def bought_by(self, micros: int) -> int:
        """Tokens to write that are left of so much money, after the prompt."""
        if not self.price.completion:
            return self.tokens
        left = micros - self.price.prompt * self.prompt * MARGIN
        return min(self.tokens, int(left / self.price.completion))


def worst_of(request: Request, price: Price, *, twice: bool = False) -> Worst:
    return Worst(price, prompt_tokens(request), most_written(request.params), twice)


def most_written(params: Mapping[str, Any]) -> int:
    return int(params.get("max_tokens") or 0)


def prompt_tokens(request: Request) -> int:
    """Of everything that is told, pictures among it."""
    return sum(at_most(text) + bills.PER_TURN for text in bills.told(request)) + bills.seen(request)


def at_most(text: str) -> int:
    """With the margin a token for each byte that is no letter: of digits, signs and other scripts a provider may make
    so many, and whoever wants more than they pay for would write just these."""
    said = text.encode("utf-8", "replace")
    others = len(said.translate(None, LETTERS))
    return ceil((len(said) - others) / 4 + others / MARGIN)
