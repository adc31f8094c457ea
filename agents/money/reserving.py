"""Money is set aside before a model is called, for the worst case, and all or nothing on every account it counts on.

Whoever wrote what a chain began with pays for all of it. Where the whole does not fit, what is left is taken if it buys
a sensible answer; the answer is then cut where it has been used up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Any

from django.db import transaction

from rooms import prepared

from ..claims import Claim
from ..llm import bills
from ..llm.port import Request, count_tokens
from ..llm.pricing import Price
from ..models import Conduct, Step
from .payers import Concerned, limits_of
from .purse import Purse
from .sentences import Line, not_enough, used_up
from .sql import LOCK, OPEN, QUICKLY, TAKE

MARGIN = 4 / 3
"""Our own counting of tokens may be short of the provider's by so much."""
SENSIBLE = 64
"""An answer of fewer tokens is not worth beginning, unless the agent's own limit is lower."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """The call may be made, with this request. Without a `purse` nothing was set aside: the model has no price."""

    request: Request
    purse: Purse | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is not enough on one of the accounts; `sentence` is for the room."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call takes at worst."""

    price: Price
    prompt: int
    tokens: int

    @property
    def whole(self) -> int:
        return self.price.of(self.prompt * MARGIN, self.tokens * MARGIN)

    @property
    def least(self) -> int:
        return self.price.of(self.prompt * MARGIN, min(SENSIBLE, self.tokens))

    @property
    def another(self) -> float:
        """One prompt more, in tokens of the answer."""
        if not self.price.completion:
            return inf
        return ceil(self.prompt * MARGIN * self.price.prompt / self.price.completion)

    def bought_by(self, micros: int) -> int:
        """Tokens to write that are left of so much money, after the prompt."""
        if not self.price.completion:
            return self.tokens
        left = micros - self.price.prompt * self.prompt * MARGIN
        return min(self.tokens, int(left / self.price.completion))


def reserve(step: Step, claim: Claim, request: Request, price: Price) -> Reserved | Refusal:
    """Set aside what this call may cost, at the dearest of the places where it may be made. What is then called is the
    request of the answer. Call `settle` in the transaction that ends the step. Without a price it costs no statement.
    """
    if not price:
        step.held_on = 0
        return Reserved(request)
    wish = Wish(price, prompt_tokens(request), int(request.params.get("max_tokens") or 0))
    who = Concerned.by(step)
    facts = facts_of(step, claim, request, wish, who)
    defaults = who.defaults()
    if not defaults and prepared.fetch(QUICKLY, facts | {"micros": wish.whole}):
        step.held_on = 1
        return Reserved(request, whole_purse(wish))
    return carefully(step, request, wish, facts, defaults_of(who, defaults))


def prompt_tokens(request: Request) -> int:
    return sum(count_tokens(request.model, text) + bills.PER_TURN for text in bills.told(request))


def whole_purse(wish: Wish) -> Purse:
    return Purse(ceil(wish.tokens * MARGIN), another=wish.another)


def facts_of(step: Step, claim: Claim, request: Request, wish: Wish, who: Concerned) -> dict[str, Any]:
    keys = who.keys
    return {
        "step": step.pk,
        "fence": claim.fence,
        "model": request.model,
        "prompt_price": wish.price.prompt,
        "completion_price": wish.price.completion,
        "scopes": [key.scope for key in keys],
        "keys": [key.key for key in keys],
        "payer": who.payer_id,
        "guest": who.guest,
        "room": who.room_id,
        "chain": who.chain,
        "most": Conduct._meta.get_field("max_cost_micros").default,
    }


def defaults_of(who: Concerned, defaults: list[Any]) -> dict[str, Any]:
    """Accounts to be opened unless they are there, the chain's among them."""
    wanted = sorted([*defaults, ("chain", who.chain, "none", None)], key=lambda one: one[:3])
    names = ("d_scopes", "d_keys", "d_periods", "d_limits")
    return {name: [one[place] for one in wanted] for place, name in enumerate(names)}


@transaction.atomic
def carefully(
    step: Step, request: Request, wish: Wish, facts: dict[str, Any], defaults: dict[str, Any]
) -> Reserved | Refusal:
    """Lock the accounts, see what is left, take it."""
    prepared.execute(OPEN, facts | defaults)
    lines = [line_of(row, facts) for row in prepared.fetch(LOCK, facts)]
    tightest = min((line for line in lines if line.left is not None), key=lambda line: line.left or 0, default=None)
    left = wish.whole if tightest is None or tightest.left is None else min(wish.whole, tightest.left)
    if tightest is not None and left < wish.least:
        return Refusal(used_up(tightest, wish.least))
    taken = facts | {"micros": left, "ids": [line.id for line in lines], "limits": [line.limit for line in lines]}
    if not prepared.fetch(TAKE, taken):
        raise RuntimeError("accounts that are locked have changed")
    step.held_on = len(lines)
    if tightest is None or left == wish.whole:
        return Reserved(request, whole_purse(wish))
    tokens = wish.bought_by(left)
    cut = replace(request, params={**request.params, "max_tokens": tokens})
    return Reserved(cut, Purse(tokens, reduced=True, sentence=not_enough(tightest), another=wish.another))


def line_of(row: tuple[Any, ...], facts: dict[str, Any]) -> Line:
    """The limit of an account that the settings made is theirs of today, or none any more."""
    id, scope, _key, period, by_default, limit, spent, held, resets_in = row
    if by_default and scope != "chain":
        limit = dict(limits_of(scope, guest=facts["guest"])).get(period)
    return Line(id, scope, period, limit, spent, held, resets_in)
