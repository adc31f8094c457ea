"""An answer's way from one deployment to the next, until one has answered or none is left. No ORM in here.

Before a first word a broken call falls to the next place; when all have failed, those that were busy or down are tried
again, twice at most. Afterwards every place is tried once more, with what was said so far: it goes on from there, or
nothing of it is shown (`llm.resuming`). What was tried is kept in `made`, without a word of what was said.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..llm.candidates import Candidate
from ..llm.direct_answer import DECLINED
from ..llm.port import LLMError, Request
from ..llm.resuming import Diverged, Joint, resumed
from ..outcomes import Outcome, broken, not_answering, spent
from ..routing.admission import Closed, Leave, admit
from ..routing.retrying import LONGEST_WAIT, RETRIES, pause_before

if TYPE_CHECKING:
    from .conversation import Conversation

Call = Callable[["Conversation", Leave], Awaitable[Outcome]]

LEAST = 1.0
"""Seconds of its deadline an answer must have left for another call."""
NO_PLACE = "There is no model for this agent right now. An administrator has to look at its route."


@dataclass(frozen=True, slots=True)
class Place:
    """A candidate, and when it may be called at the earliest (monotonic)."""

    candidate: Candidate
    due: float = 0.0


class Trying:
    """Of one answer. `call` makes one call of what the talk was turned to."""

    def __init__(self, talk: Conversation, call: Call) -> None:
        self.talk = talk
        self.call = call
        self.end = time.monotonic() + talk.request.deadlines.total
        self.error: LLMError | None = None
        self.last: LLMError | None = None
        self.closed: list[Closed] = []

    async def answer(self) -> Outcome:
        line = [Place(candidate) for candidate in self.talk.candidates]
        for number in range(1, RETRIES + 2):
            self.closed.clear()
            again: list[Place] = []
            for place in line:
                outcome = await self.at(place, number, again)
                if outcome is not None:
                    return outcome
            line = sorted(again, key=lambda place: place.due)
            if not line or self.talk.has_spoken:
                break
        return await self.given_up()

    async def at(self, place: Place, number: int, again: list[Place]) -> Outcome | None:
        """One call, if it may be made. None when the next place has to be tried, or this one `again`."""
        candidate = place.candidate
        if candidate.obstacle:
            self.note_error(candidate, LLMError("refused", detail=candidate.obstacle))
            return None
        if self.is_over() or not self.talk.can_pay_again():
            return None
        await asyncio.sleep(max(0.0, place.due - time.monotonic()))
        request, joint = self.asked_of(candidate)
        leave = await admit(candidate, request, self.talk.step_id)
        if isinstance(leave, Closed):
            self.turned_away(place, leave, again)
            return None
        self.turn_to(candidate, request, joint)
        try:
            outcome = await self.call(self.talk, leave)
            self.talk.made[-1]["result"] = "answered"
            return outcome
        except Diverged as error:
            await leave.unused(self.talk.estimate())
            self.fell(error)
        except LLMError as error:
            await leave.failed(error)
            self.fell(error)
            if (pause := pause_before(number + 1, error)) is not None:
                again.append(Place(candidate, time.monotonic() + pause))
        except BaseException:
            await leave.unused(self.talk.estimate() if self.talk.calling else None)
            raise
        return None

    def turned_away(self, place: Place, closed: Closed, again: list[Place]) -> None:
        """A breaker is not waited for; a place in the limits is, for as long as people wait."""
        self.closed.append(closed)
        self.note(place.candidate, "full" if closed.full else "resting")
        if closed.full and closed.seconds <= LONGEST_WAIT:
            again.append(Place(place.candidate, time.monotonic() + closed.seconds))

    def asked_of(self, candidate: Candidate) -> tuple[Request, Joint | None]:
        """The request as it would leave: what people have read goes with it, and the first call has all the time there
        is."""
        request, joint = candidate.request, None
        if self.talk.said:
            request, joint = resumed(candidate, self.talk.said)
        if self.talk.made:
            left = max(LEAST, self.end - time.monotonic())
            request = replace(request, deadlines=replace(request.deadlines, total=left))
        return request, joint

    def turn_to(self, candidate: Candidate, request: Request, joint: Joint | None) -> None:
        """From here on the talk is with this one."""
        self.talk.turn_to(candidate.backend, request, joint)
        self.note(candidate, "stopped", **({"resumed": True} if joint else {}))

    def fell(self, error: LLMError) -> None:
        """What people are told is how it broke before their eyes, not how others then failed to go on."""
        self.last = error
        self.error = error if self.error is None or self.talk.joint is None else self.error
        self.talk.made[-1]["result"] = error.kind
        self.talk.note(error)

    def is_over(self) -> bool:
        """Whether another call is of no use: it could only say the same, or would come too late."""
        error = self.last
        if error is None:
            return False
        ended = error.kind in ("too_large", "cancelled") or error.deadline == "total" or error.message == DECLINED
        return ended or self.end - time.monotonic() < LEAST

    async def given_up(self) -> Outcome:
        next_open = min(self.closed, key=lambda closed: closed.seconds, default=None)
        unheard = not self.talk.has_spoken and (self.error is None or len(self.closed) == len(self.talk.candidates))
        if next_open is not None and unheard:
            return spent(next_open.seconds) if next_open.spent else not_answering(self.talk.name, next_open.seconds)
        await self.talk.voice.finish()
        error = self.error or LLMError("refused", NO_PLACE)
        return broken(error, self.talk.shown, self.talk.spent())

    def note_error(self, candidate: Candidate, error: LLMError) -> None:
        self.note(candidate, error.kind)
        self.error = self.error or error

    def note(self, candidate: Candidate, result: str, **more: Any) -> None:
        self.talk.made.append(
            {"deployment": candidate.name, "model": candidate.request.model, "result": result, **more}
        )
