"""Money is set aside before a model is called, for the worst case, and all or nothing on every account it counts on.

Whoever wrote what a chain began with pays for all of it. Where the whole does not fit, what is left is taken if it buys
a sensible answer; the answer is then cut where it has been used up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from django.db import transaction

from rooms import prepared

from ..llm.candidates import Candidate, dearest
from ..llm.port import Request, shortened
from ..llm.worst import MARGIN, Worst, worst_of
from ..models import Conduct, Step
from ..runs.claims import Claim
from .payers import Concerned, limits_of
from .purse import Purse
from .sentences import Line, not_enough, used_up
from .sql import LOCK, OPEN, QUICKLY, TAKE


@dataclass(frozen=True, slots=True)
class Reserved:
    """The call may be made, with this request, at these places. Without a `purse` nothing was set aside: the model has
    no price."""

    request: Request
    places: tuple[Candidate, ...]
    purse: Purse | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is not enough on one of the accounts; `sentence` is for the room."""

    sentence: str


def reserve(step: Step, claim: Claim, request: Request, places: tuple[Candidate, ...]) -> Reserved | Refusal:
    """Set aside what this call may cost, at the dearest of the places where it may be made. What is then called is the
    answer's, at the answer's places: their prices are those of the reservation, whatever changes meanwhile. Call
    `settle` in the transaction that ends the step. Without a price it costs no statement.
    """
    price = dearest(places)
    if not price:
        step.held_on = 0
        return Reserved(request, places)
    wish = worst_of(request, price, twice=len(places) > 1)
    who = Concerned.by(step)
    facts = facts_of(step, claim, request, wish, who)
    defaults = who.defaults()
    if not defaults and prepared.fetch(QUICKLY, facts | {"micros": wish.whole}):
        step.held_on, step.held_micros = 1, wish.whole
        return Reserved(request, places, purse_of(wish))
    return carefully(step, Reserved(request, places), wish, facts, defaults_of(who, defaults))


def purse_of(wish: Worst) -> Purse:
    return Purse(ceil(wish.tokens * MARGIN), another=wish.another, spare=wish.twice)


def facts_of(step: Step, claim: Claim, request: Request, wish: Worst, who: Concerned) -> dict[str, Any]:
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
    step: Step, asked: Reserved, wish: Worst, facts: dict[str, Any], defaults: dict[str, Any]
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
    step.held_on, step.held_micros = len(lines), left
    if tightest is None or left >= wish.once:
        return replace(asked, purse=purse_of(replace(wish, twice=wish.twice and left == wish.whole)))
    tokens = wish.bought_by(left)
    purse = Purse(tokens, reduced=True, sentence=not_enough(tightest), another=wish.another)
    return Reserved(shortened(asked.request, tokens), tuple(one.shortened(tokens) for one in asked.places), purse)


def line_of(row: tuple[Any, ...], facts: dict[str, Any]) -> Line:
    """The limit of an account that the settings made is theirs of today, or none any more."""
    id, scope, _key, period, by_default, limit, spent, held, resets_in = row
    if by_default and scope != "chain":
        limit = dict(limits_of(scope, guest=facts["guest"])).get(period)
    return Line(id, scope, period, limit, spent, held, resets_in)
