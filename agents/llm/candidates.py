"""Where a call may be made: a request as one place wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .port import Backend, Request, Turn, shortened
from .pricing import FREE, Price

UNSEEN = "[image: not seen]"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A backend with the request made ready for it. `breaker` is its name among all workers.

    The rest is of a `deployment` of a route: whether calls are counted, what a token costs where money is limited, how
    it goes on with what another one began, and what stands in its way here and now.
    """

    breaker: str
    backend: Backend
    request: Request
    deployment: int | None = None
    route: int | None = None
    is_limited: bool = False
    price: Price = FREE
    continues: str = ""
    obstacle: str = ""

    @property
    def name(self) -> str:
        """As people may see it: `fast/own`; nothing where there is no route."""
        return self.breaker if self.deployment is not None else ""

    def shortened(self, tokens: int) -> Candidate:
        return replace(self, request=shortened(self.request, tokens))


def dearest(candidates: tuple[Candidate, ...]) -> Price:
    """What a token costs at worst, wherever the call is made. Asks lists of prices: called in a thread."""
    prices = [candidate.backend.price_of(candidate.request) for candidate in candidates]
    return Price(
        max((price.prompt for price in prices), default=0.0), max((price.completion for price in prices), default=0.0)
    )


def without_images(request: Request) -> Request:
    """For those who cannot see: they are told that there was something. Unchanged where there was nothing."""
    if not any(turn.images for turn in request.turns):
        return request
    return replace(request, turns=tuple(unseen(turn) for turn in request.turns))


def unseen(turn: Turn) -> Turn:
    if not turn.images:
        return turn
    return replace(turn, content="\n".join([turn.content, *(UNSEEN for _ in turn.images)]).strip(), images=())
