"""One answer being written, inside the event loop of the worker. No ORM in here.

From its beginning to its end it goes in `conversing`; where its model is called, and where next when that breaks, is in
`trying`; one call is in `listening`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rooms import background
from rooms.errors import NotFound
from rooms.live import streams
from rooms.models import Message

from ..llm.candidates import Candidate
from ..llm.port import Backend, LLMError, Request, Text, ToolCall, Usage
from ..llm.resuming import Joint
from ..models import Reason
from ..money.purse import Purse
from ..outcomes import Outcome
from ..runs.claims import Lease
from ..runs.status import UNSEEN, Doing, Sign
from ..runs.watch import LOST
from .gates import Withheld
from .hush import Hush
from .tapes import Recorder
from .voice import PARAGRAPH, Voice

log = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds after the agent's own deadline at which a backend that does not mind it is cut off."""


@dataclass(slots=True)
class Conversation:
    """A claimed step, ready to speak.

    Its message may be on its way still while the model is `called`; the first word waits for it, and says that it is
    `wanted`. `before` is what earlier steps of the run have shown in it, `unsaid` what they have said and not shown.
    `by_membership`: it ends when its requester is no member any more. `whole_review`: nothing is shown before the gates
    have seen all of it.

    What its `purse` does not pay for is not said. It pays for a call after as many `usages` as are `followed`.

    `asked` is the request as it was meant, `request` and `backend` are those of the call being made, of one of the
    `candidates` after another; `joint` is what its words have to pass if it goes on with what another one began. `made`
    tells of all calls.

    One that may stay silent has a `hush`, and its message is only made, by `start`, when the first word is to be shown.
    `sign` tells those who may read the answer what its agent is doing.
    One that is said `aside`, to other agents, is checked like any, but sent to nobody.
    """

    step_id: UUID
    fence: int
    name: str
    request: Request
    candidates: tuple[Candidate, ...]
    lease: Lease
    before: str = ""
    by_membership: bool = True
    unsaid: str = ""
    whole_review: bool = False
    purse: Purse | None = None
    hush: Hush = field(default_factory=Hush)
    sign: Sign = UNSEEN
    start: Callable[[], Message] | None = None
    aside: bool = False
    voice: Voice = field(init=False)
    writing: asyncio.Task[Outcome] | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    called: threading.Event = field(default_factory=threading.Event)
    wanted: threading.Event = field(default_factory=threading.Event)
    message: Message | None = None
    why: str = ""
    objection: Withheld | None = None
    calling: bool = False
    sent: bool = False
    usages: list[Usage] = field(default_factory=list)
    followed: int = 0
    calls: list[ToolCall] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    asked: Request = field(init=False)
    backend: Backend | None = None
    joint: Joint | None = None
    written: list[str] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    tape: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.asked = self.request
        self.voice = Voice(self.send, self.object_to, self.before, self.unsaid, reserved=self.whole_review)

    @property
    def message_id(self) -> UUID | None:
        return self.message.pk if self.message and not self.aside else None

    @property
    def shown(self) -> str:
        return self.voice.shown

    @property
    def said(self) -> str:
        """What the model has said in this step, as people will read it once it is released."""
        return self.voice.heard

    def all_said(self) -> str:
        """The answer so far if no gate had changed or kept back anything of it."""
        earlier = self.before + self.unsaid
        return f"{earlier}{PARAGRAPH if earlier and self.said else ''}{self.said}"

    @property
    def has_spoken(self) -> bool:
        return self.voice.has_begun

    def turn_to(self, backend: Backend, request: Request, joint: Joint | None) -> None:
        """The next call is this one."""
        self.backend, self.request, self.joint = backend, request, joint
        for gathered in (self.calls, self.thoughts, self.pieces, self.written):
            gathered.clear()
        if not self.has_spoken:
            self.hush.reset()

    def can_pay_again(self) -> bool:
        """Whether what was set aside reaches for one call more. One that took nothing has left all of it there."""
        taken = any(one.prompt_tokens or one.completion_tokens for one in self.usages[self.followed :])
        if self.purse is not None and taken:
            if not self.purse.pays_for_another():
                return False
            self.followed = len(self.usages)
        return True

    def pays_for(self, text: str) -> bool:
        """Whether what was set aside reaches for this of what the model writes."""
        return self.purse is None or self.purse.pays_for(text)

    def hear(self, text: str) -> None:
        """From the model: what of it goes on with what another one began may be said."""
        self.written.append(text)
        self.say(self.joint.take(text) if self.joint else text)

    def hear_the_end(self) -> None:
        """What was kept back on the way may be said now."""
        if self.joint:
            self.say(self.joint.end())
        self.release(self.hush.rest())

    def say(self, text: str) -> None:
        self.release(self.hush.passed(text))

    def release(self, text: str) -> None:
        if text:
            self.tape.take(Text(text))
            self.voice.say(text)

    def note(self, error: LLMError) -> None:
        """What a broken call took: as the backend says, else estimated if it spoke."""
        self.calling = False
        self.tape.failed(error)
        if error.usage is not None:
            self.usages.append(error.usage)
        elif self.written or self.thoughts or self.pieces:
            self.usages.append(self.estimate())

    def estimate(self) -> Usage:
        """Of the call that is under way, or was."""
        written = "".join([*self.written, *self.thoughts, *self.pieces])
        return self.backend.usage_of(self.request, written) if self.backend else Usage()

    def spent(self) -> Usage | None:
        """All calls together, and the one cut off in its midst by an estimate. None when nothing was taken."""
        usages = [*self.usages, self.estimate()] if self.calling else self.usages
        if not usages:
            return None
        return Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            cost_micros=sum(usage.cost_micros for usage in usages),
            estimated=any(usage.estimated for usage in usages),
        )

    def begin(self, message: Message) -> None:
        """This is where the words go. The message has its room loaded, and is only looked at."""
        self.message = message
        self.begun.set()

    async def send(self, offset: int, text: str) -> None:
        if self.message is None and self.start is not None:
            await self.make_message(self.start)
        if not self.aside:
            self.wanted.set()
            await self.begun.wait()
        if self.lease.is_over:  # a process that slept may hear from its model before its watch has looked
            self.stop(LOST)
        elif self.message is not None and not self.aside:
            if not self.sent:
                self.sent = True
                self.sign.tell(Doing.WRITING)
            await streams.send_text(self.message, offset, text)

    async def make_message(self, start: Callable[[], Message]) -> None:
        try:
            self.begin(await background.in_thread(start))
        except NotFound:
            self.stop(Reason.UNSEATED)

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
