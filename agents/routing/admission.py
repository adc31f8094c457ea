"""Leave to call a model once: from its breaker, and within the limits of its deployment. Both count for all workers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID, uuid4

from rooms.background import to_its_end
from rooms.errors import Unavailable

from ..llm.candidates import Candidate
from ..llm.port import LLMError, Request, Usage
from . import breaker, limits
from .limits import NOTHING, SETTLED, Taken
from .retrying import patience_of

log = logging.getLogger(__name__)

MONEY = ("insufficient_quota", "insufficient funds", "credit balance", "billing", "budget", "status 402")
NOT_ITS_DOING = frozenset({"cancelled", "too_large"})

TOLD = f"""
    UPDATE agents_health h
       SET {SETTLED}, calls = h.calls + 1, tried_at = clock_timestamp(),
           first_word = coalesce(h.first_word + 0.3 * (%(first_word)s::float8 - h.first_word), %(first_word)s::float8,
                                 h.first_word),
           answered_at = CASE WHEN %(error)s::text = '' THEN clock_timestamp() ELSE h.answered_at END,
           failed_at = CASE WHEN %(error)s::text = '' THEN h.failed_at ELSE clock_timestamp() END,
           failures = CASE WHEN %(error)s::text = '' THEN 0 ELSE h.failures + 1 END,
           last_error = CASE WHEN %(error)s::text = '' THEN h.last_error ELSE %(error)s::text END,
           last_words = CASE WHEN %(error)s::text = '' THEN h.last_words ELSE %(words)s::text END,
           out_of_money = %(out_of_money)s
     WHERE h.deployment_id = %(deployment)s
"""  # noqa: S608  # made of pieces of our own alone

BROKEN_OFF = f"UPDATE agents_health h SET {SETTLED} WHERE h.deployment_id = %(deployment)s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Closed:
    """No leave now. `seconds` until it may be tried; `full` when it is not broken but has enough to do, `spent` when
    its money of today is used up."""

    seconds: float
    full: bool = False
    spent: bool = False


P = ParamSpec("P")


def surely(tell: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    """To its end, also where the answer is stopped meanwhile: else its place would stay taken."""

    @wraps(tell)
    async def told(*args: P.args, **kwargs: P.kwargs) -> None:
        await to_its_end(tell(*args, **kwargs))

    return told


@dataclass(slots=True)
class Leave:
    """Of one call. Whoever has it says how it went, in one of the four ways, and what it took."""

    candidate: Candidate
    passed: breaker.Pass
    call: UUID = field(default_factory=uuid4)
    taken: Taken = NOTHING
    began: float = field(default_factory=time.monotonic)
    first_word: float | None = None

    async def spoke(self) -> None:
        """The first word is there."""
        self.first_word = time.monotonic() - self.began
        await self.passed.spoke()

    @surely
    async def succeeded(self, usage: Usage) -> None:
        """One statement for both: this is on every answer's way."""
        if self.candidate.deployment is None:
            await self.passed.succeeded()
        else:
            await self.passed.tell(f"WITH well AS ({breaker.SUCCEEDED}) {TOLD}", **self.facts(usage))

    @surely
    async def failed(self, error: LLMError) -> None:
        await self.passed.failed(error)
        if error.kind in NOT_ITS_DOING:
            await self.settle(error.usage or Usage())
        elif self.candidate.deployment is not None:
            await self.passed.tell(TOLD, **self.facts(error.usage or Usage(), error))

    @surely
    async def unused(self, usage: Usage | None = None) -> None:
        """The call came to nothing for reasons of ours, or was broken off in its midst: then it took something."""
        await self.passed.unused()
        await self.settle(usage or Usage())

    async def settle(self, usage: Usage) -> None:
        if self.candidate.is_limited or (self.candidate.deployment is not None and usage.cost_micros):
            await self.passed.tell(BROKEN_OFF, deployment=self.candidate.deployment, **self.settled(usage))

    def settled(self, usage: Usage) -> dict[str, Any]:
        return limits.settled(self.taken, self.call, usage)

    def facts(self, usage: Usage, error: LLMError | None = None) -> dict[str, Any]:
        late = time.monotonic() - self.began if error is not None and error.kind == "timeout" else None
        return {
            "deployment": self.candidate.deployment,
            "first_word": late if self.first_word is None else self.first_word,
            "error": error.kind if error else "",
            "words": in_words(error) if error else "",
            "out_of_money": error is not None and is_about_money(error),
            **self.settled(usage),
        }


async def admit(candidate: Candidate, request: Request | None = None, step: UUID | None = None) -> Leave | Closed:
    """Its breaker first: what is broken does not use up a place. Limits are held against the request as it will leave,
    on behalf of the step that makes it."""
    passed = await breaker.admit(candidate.breaker, patience_of(candidate.request))
    if not isinstance(passed, breaker.Pass):
        return Closed(passed)
    leave = Leave(candidate, passed)
    if not candidate.is_limited:
        return leave
    try:
        taken = await to_its_end(limits.take(candidate, request or candidate.request, leave.call, step))
    except asyncio.CancelledError:  # stopped in this moment: nobody else knows of the place
        await leave.unused()
        raise
    except Unavailable as error:
        await passed.unused()
        log.warning("the limits of %s could not be counted: %s", candidate.breaker, error)
        return Closed(1.0, full=True)
    if isinstance(taken, Taken):
        leave.taken = taken
        return leave
    await passed.unused()
    return Closed(taken.seconds, full=True, spent=taken.spent)


def is_about_money(error: LLMError) -> bool:
    said = f"{error.detail} {error.message}".lower()
    return error.kind in {"busy", "refused"} and any(words in said for words in MONEY)


def in_words(error: LLMError) -> str:
    """For the staff: our sentence and the provider's own words, from which keys were taken out where they came in."""
    return f"{error.message} {error.detail}".strip()[:400]
