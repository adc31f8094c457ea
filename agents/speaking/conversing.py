"""An answer from its first call to its end, whichever it is. No ORM in here."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from ..llm.port import LLMError
from ..models import Reason
from ..outcomes import Outcome, broken, refused_by
from ..runs.watch import LOST, watch
from .conversation import GRACE, Conversation
from .listening import call
from .tapes import Passed
from .trying import Trying

log = logging.getLogger(__name__)


async def converse(talk: Conversation) -> Outcome | None:
    """Speak to the end, whichever it is. None when the lease was lost: then there is nothing left to write down, and no
    model is called that nobody would be charged for."""
    if talk.lease.is_over:
        talk.stop(LOST)
    talk.writing = writing = asyncio.get_running_loop().create_task(answer(talk))
    watch().add(talk)
    try:
        if not talk.why:  # it may have been stopped before it began
            await asyncio.wait({writing}, timeout=talk.request.deadlines.total + GRACE)
        writing.cancel()
        await asyncio.wait({writing})
    finally:
        watch().remove(talk)
        talk.fall_silent()
    return recorded(talk, outcome_of(talk, writing))


def recorded(talk: Conversation, outcome: Outcome | None) -> Outcome | None:
    """With what was tried, and with its tapes: what the provider sent if all of it was shown, else what was shown."""
    if outcome is None:
        return None
    shows_all = not (talk.why or talk.unsaid or outcome.unsaid) and outcome.text == talk.all_said()
    sent = talk.tape.sent(talk.said, outcome.calls) if shows_all else ()
    tapes = sent or talk.tape.passed(Passed(outcome.text, outcome.reason))
    return replace(outcome, output={**outcome.output, "calls": talk.made}, tapes=tapes)


def outcome_of(talk: Conversation, writing: asyncio.Task[Outcome]) -> Outcome | None:
    if talk.why == LOST:
        return None
    if talk.objection is not None:
        return refused_by(talk.objection.verdict, talk.shown, talk.spent())
    if talk.why:
        return Outcome(Reason(talk.why), talk.shown, usage=talk.spent())
    if writing.cancelled():
        return broken(LLMError("timeout", deadline="total"), talk.shown, talk.spent())
    fault = writing.exception()
    if fault is not None:
        log.error("a run failed by a fault of our own", exc_info=fault)
        return Outcome(Reason.ERROR, talk.shown, usage=talk.spent(), error=type(fault).__name__[:32])
    return writing.result()


async def answer(talk: Conversation) -> Outcome:
    """Call the model, and again or elsewhere where that may help."""
    return await Trying(talk, call).answer()
