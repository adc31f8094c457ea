"""One call of a model, heard to its end. No ORM in here."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from ..llm.port import Finish, LLMError, Piece, Text, Thought, ToolCall
from ..models import Reason
from ..outcomes import Outcome
from ..routing.admission import Leave
from .concluding import concluded

if TYPE_CHECKING:
    from .conversation import Conversation


async def call(talk: Conversation, leave: Leave) -> Outcome:
    """One call of the model. Raises LLMError with what was said so far in the voice."""
    talk.calling = True
    talk.tape.begin(talk.asked)
    finish = await heard(talk, leave)
    if talk.purse is not None and talk.purse.empty:
        finish = Finish("length", talk.estimate())
    if finish is None:
        raise LLMError("truncated", detail="the backend ended without a Finish")
    talk.hear_the_end()
    talk.tape.take(finish)
    talk.calling = False
    talk.usages.append(finish.usage)
    await leave.succeeded(finish.usage)
    return by_purse(talk, await concluded(talk, finish))


async def heard(talk: Conversation, leave: Leave) -> Finish | None:
    """Listen to the model until it ends, or until there is no money for its next word."""
    finish: Finish | None = None
    asyncio.get_running_loop().call_soon(talk.called.set)  # when the request has left, and an answer is waited for
    async with aclosing(leave.candidate.backend.stream(talk.request)) as parts:
        async for part in parts:  # to its end, so that the connection can be kept
            if isinstance(part, Text) and not talk.written:
                await leave.spoke()
            if isinstance(part, Text | Thought | Piece) and not talk.pays_for(part.text):
                return None
            match part:
                case Text(text):
                    talk.hear(text)
                case Thought(text):
                    talk.thoughts.append(text)
                case Piece(text):
                    talk.pieces.append(text)
                case ToolCall():
                    talk.calls.append(part)
                    talk.tape.take(part)
                case Finish():
                    finish = part
    return finish


def by_purse(talk: Conversation, outcome: Outcome) -> Outcome:
    """What ended for want of money says so; a full purse is as long as the agent's own limit."""
    if talk.purse is None or not talk.purse.reduced or outcome.reason != Reason.LENGTH:
        return outcome
    return replace(outcome, reason=Reason.BUDGET, notice=talk.purse.sentence)
