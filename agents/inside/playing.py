"""One step from its tapes: what its agent said then, through the voice and the gates, to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rooms import db

from ..llm.candidates import Candidate
from ..llm.port import Finish, LLMError, Part, Text, Usage
from ..models import Agent, Purpose, Reason, Step, Tape, Task
from ..money.charging import house_pays
from ..outcomes import SENTENCES
from ..routing.admission import Leave, admit
from ..routing.routes import candidates_for
from ..speaking import gates, tapes
from ..speaking.gates import Window, Withheld
from ..speaking.voice import Voice
from ..steps.consult import read_out
from ..together.work import TOGETHER, goes_on_after_tools
from .rebuilding import Told

Call = AsyncGenerator[Part, None]


@dataclass(frozen=True, slots=True)
class Played:
    """`text` is all of the answer, or of the contribution, after this step; `end` a sentence if it did not end well.
    `facts` are what was read out of a contribution that came to its end."""

    text: str = ""
    end: str = ""
    facts: dict[str, Any] | None = None


def play(step: Step, recorded: Sequence[Tape], before: str) -> Played:
    """From its tapes, of which there is at least one."""
    if recorded[0].passed:
        return of_passed(step, tapes.passed_in(recorded[0].parts))
    return of_calls(step, [from_tape(tape) for tape in recorded], before)


def play_live(step: Step, agent: Agent, told: Told, before: str) -> Played:
    """As a model says it now, at the first place where it may be called."""
    return of_calls(step, [live_call(step.task, agent.pk, candidates_for(agent, told.request))], before)


def of_passed(step: Step, passed: tapes.Passed) -> Played:
    """The gates have seen it: asked again they might change what they have changed already."""
    reason = Reason(passed.end)
    end = "" if reason == Reason.ANSWERED else SENTENCES.get(reason) or str(reason.label)
    if passed.facts is not None or reason not in (Reason.ANSWERED, Reason.LENGTH):
        return Played(passed.text, end, passed.facts)
    return told(step, passed.text, end)


def of_calls(step: Step, calls: Sequence[Call], before: str) -> Played:
    text, end = asyncio.run(heard(calls, before))
    return told(step, text, end)


def told(step: Step, text: str, end: str) -> Played:
    if step.kind not in TOGETHER or goes_on_after_tools(step) or not text.strip():
        return Played(text, end)
    try:
        return Played(text, end, read_out(step.kind, text, step.input))
    except Withheld as objection:
        return Played("", sentence_of(objection))


async def from_tape(tape: Tape) -> AsyncGenerator[Part, None]:
    for part in tapes.read(tape.parts):
        yield part
        await asyncio.sleep(0)


async def live_call(task: Task, agent: int, places: Sequence[Candidate]) -> Call:
    """At the first place where it may be made. The house pays: nobody of the room has asked for it."""
    place, leave = await first_open(places)
    usage = Usage()
    try:
        async with aclosing(place.backend.stream(place.request)) as parts:
            async for part in parts:
                if isinstance(part, Text) and leave.first_word is None:
                    await leave.spoke()
                usage = part.usage if isinstance(part, Finish) else usage
                yield part
        await leave.succeeded(usage)
    except LLMError as error:
        usage = error.usage or usage
        await leave.failed(error)
        raise
    except BaseException:
        await leave.unused()
        raise
    finally:
        await house_pays(Purpose.REPLAY, place, usage, agent=agent, room=task.room_id)
        await place.backend.close()  # the loop ends with this


async def first_open(places: Sequence[Candidate]) -> tuple[Candidate, Leave]:
    """Raises LLMError when there is none."""
    for place in places:
        if not place.obstacle and isinstance(leave := await admit(place), Leave):
            return place, leave
    raise LLMError("busy", "No place of its route may be called now.")


async def heard(calls: Sequence[Call], before: str) -> tuple[str, str]:
    try:
        return await listened(calls, before)
    finally:
        await db.close()


async def listened(calls: Sequence[Call], before: str) -> tuple[str, str]:
    """What people would be shown after this step, and how it ended if not well. A call that broke before its first
    word is followed by the next."""
    objections: list[Withheld] = []
    voice = Voice(nowhere, objections.append, before)
    end = ""
    for call in calls:
        try:
            end = await listen(call, voice)
        except LLMError as error:
            end = error.message
    await voice.finish()
    try:
        text = gates.passed(Window(voice.shown, whole=True)) if voice.shown else ""
    except Withheld as objection:
        return "", sentence_of(objection)
    return text, sentence_of(objections[0]) if objections else end


async def listen(call: Call, voice: Voice) -> str:
    async with aclosing(call) as parts:
        async for part in parts:
            if isinstance(part, Text):
                voice.say(part.text)
    return ""


async def nowhere(offset: int, text: str) -> None:
    """Where the words go."""


def sentence_of(objection: Withheld) -> str:
    return objection.verdict.reason or "A rule of the room withheld the rest."
