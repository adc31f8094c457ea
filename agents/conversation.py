"""One answer being written, inside the event loop of the worker: calls, retries, and how it ends. No ORM in here.

Until a first word was shown a call may be made again, twice at most; afterwards never, since people have read it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

from rooms.live import streams
from rooms.models import Message

from . import breaker, gates
from .claims import LEASE
from .gates import Window, Withheld
from .llm.port import Backend, Finish, LLMError, Request, Text, ToolCall, Usage
from .models import Reason
from .outcomes import Outcome, broken, finished, not_answering, refused_by
from .retrying import RETRIES, patience_of, pause_before
from .voice import Voice, showable
from .watch import LOST, watch

log = logging.getLogger(__name__)

UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")
CALLS = 8
"""How many tools may be called at once; what a model calls beyond is as if it had not."""
LONGEST_ARGUMENTS = 16_001
"""One more than are read, so that what was cut is seen to be too long."""
GRACE = 10.0
"""Seconds after the agent's own deadline at which a backend that does not mind it is cut off."""


@dataclass(slots=True)
class Conversation:
    """A claimed step, ready to speak. `leased` is monotonic time.

    Its message may be on its way still while the model is already called; the first word waits for it. `before` is what
    earlier steps of the run have said in it. `by_membership`: it ends when its requester is no member any more.
    One that is said `aside`, to other agents, is checked like any, but sent to nobody.
    """

    step_id: UUID
    fence: int
    name: str
    backend: Backend
    request: Request
    breaker: str
    leased: float
    before: str = ""
    by_membership: bool = True
    aside: bool = False
    voice: Voice = field(init=False)
    writing: asyncio.Task[Outcome] | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    message: Message | None = None
    why: str = ""
    objection: Withheld | None = None
    calling: bool = False
    usages: list[Usage] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voice = Voice(self.send, self.object_to, self.before)

    @property
    def message_id(self) -> UUID | None:
        return self.message.pk if self.message and not self.aside else None

    @property
    def shown(self) -> str:
        return self.voice.shown

    def begin(self, message: Message) -> None:
        """This is where the words go. The message has its room loaded, and is only looked at."""
        self.message = message
        self.begun.set()

    async def send(self, offset: int, text: str) -> None:
        if not self.aside:
            await self.begun.wait()
        if not self.holds_its_lease():
            self.stop(LOST)
        elif self.message is not None and not self.aside:
            await streams.send_text(self.message, offset, text)

    def holds_its_lease(self) -> bool:
        """A process that slept may hear from its model before its watch has looked: asked before every word."""
        return time.monotonic() - self.leased <= LEASE

    def stop(self, why: str) -> None:
        """End it from outside. The first reason counts; nothing is said after it."""
        if not self.why and (self.by_membership or why != Reason.DEPARTED):
            self.why = why
            self.fall_silent()
            if self.writing is not None:
                self.writing.cancel()

    def fall_silent(self) -> None:
        self.voice.fall_silent()
        self.begun.set()

    def object_to(self, objection: Withheld) -> None:
        self.objection = objection
        self.stop(Reason.WITHHELD)


async def converse(talk: Conversation) -> Outcome | None:
    """Speak to the end, whichever it is. None when the lease was lost: then there is nothing left to write down."""
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
    return outcome_of(talk, writing)


def outcome_of(talk: Conversation, writing: asyncio.Task[Outcome]) -> Outcome | None:
    if talk.why == LOST:
        return None
    if talk.objection is not None:
        return refused_by(talk.objection.verdict, talk.shown, spent(talk))
    if talk.why:
        return Outcome(Reason(talk.why), talk.shown, usage=spent(talk))
    if writing.cancelled():
        return broken(LLMError("timeout", deadline="total"), talk.shown, spent(talk))
    fault = writing.exception()
    if fault is not None:
        log.error("a run failed by a fault of our own", exc_info=fault)
        return Outcome(Reason.ERROR, talk.shown, usage=spent(talk), error=type(fault).__name__[:32])
    return writing.result()


async def answer(talk: Conversation) -> Outcome:
    """Call the model, again where that may help. The breaker is asked before each call and told after it."""
    for number in range(1, RETRIES + 2):
        leave = await breaker.admit(talk.breaker, patience_of(talk.request))
        if not isinstance(leave, breaker.Pass):
            return not_answering(talk.name, leave)
        try:
            return await call(talk, leave)
        except LLMError as error:
            await leave.failed(error)
            note(talk, error)
            pause = None if talk.voice.has_begun else pause_before(number + 1, error)
            if pause is None:
                await talk.voice.finish()
                return broken(error, talk.shown, spent(talk))
        except BaseException:
            await leave.unused()
            raise
        await asyncio.sleep(pause)
    raise AssertionError("the last call has no pause after it")


async def call(talk: Conversation, leave: breaker.Pass) -> Outcome:
    """One call of the model. Raises LLMError with what was said so far in the voice."""
    talk.calling = True
    talk.calls.clear()
    finish: Finish | None = None
    async with aclosing(talk.backend.stream(talk.request)) as parts:
        async for part in parts:
            if isinstance(part, Text):
                if not talk.voice.has_begun:
                    await leave.spoke()
                talk.voice.say(part.text)
            elif isinstance(part, ToolCall):
                talk.calls.append(part)
            elif isinstance(part, Finish):
                finish = part
    if finish is None:
        raise LLMError("truncated", detail="the backend ended without a Finish")
    await leave.succeeded()
    talk.calling = False
    talk.usages.append(finish.usage)
    return await concluded(talk, finish)


async def concluded(talk: Conversation, finish: Finish) -> Outcome:
    """All has been said: the gates look at the whole once more before it is kept."""
    await talk.voice.finish()
    try:
        text = gates.passed(Window(talk.shown, whole=True)) if talk.shown else ""
        calls = passable(talk.calls[:CALLS])
    except Withheld as objection:
        return refused_by(objection.verdict, "", spent(talk))
    if calls and talk.request.may_call and talk.request.tools and finish.reason in ("stop", "tool_calls"):
        return Outcome(
            Reason.ANSWERED, text, usage=spent(talk), calls=calls, output={"said": [len(talk.before), len(text)]}
        )
    if calls and finish.reason == "stop":
        finish = Finish("tool_calls", finish.usage)
    if finish.reason == "stop" and not talk.voice.said.strip():
        return broken(LLMError("empty"), text, spent(talk))
    return finished(finish, text, spent(talk))


def passable(calls: list[ToolCall]) -> tuple[ToolCall, ...]:
    """Calls as they may be shown to people and told to a model again: with ids of their own, with names that are
    names, and with arguments that the gates have seen. Raises Withheld."""
    made: dict[str, ToolCall] = {}
    for number, call in enumerate(calls, 1):
        id = showable(call.id)[:64] if call.id and showable(call.id)[:64] not in made else f"call_{number}_{len(made)}"
        arguments = gates.passed(Window(showable(call.arguments[:LONGEST_ARGUMENTS]), whole=True, arguments=True))
        made[id] = ToolCall(id, UNNAMEABLE.sub("_", call.name)[:64] or "_", arguments)
    return tuple(made.values())


def note(talk: Conversation, error: LLMError) -> None:
    """What a broken call took: as the backend says, else estimated if it spoke."""
    talk.calling = False
    if error.usage is not None:
        talk.usages.append(error.usage)
    elif talk.voice.has_begun:
        talk.usages.append(talk.backend.usage_of(talk.request, talk.voice.said))


def spent(talk: Conversation) -> Usage | None:
    """All calls together, and the one that was cut off in its midst by an estimate. None when nothing was taken."""
    usages = list(talk.usages)
    if talk.calling:
        usages.append(talk.backend.usage_of(talk.request, talk.voice.said))
    if not usages:
        return None
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cost_micros=sum(usage.cost_micros for usage in usages),
        estimated=any(usage.estimated for usage in usages),
    )
