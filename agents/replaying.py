"""A turn once more, offline: its prompts from the recorded ids, its model from the recorded tapes, its tools from what
they answered. The words go the same way as then, through the voice and the gates, to nobody; nothing is written but the
bill of a live call.

A tape plays only for the request it was recorded for. Where the request differs, that is said, and so is where.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from rooms import db

from . import gates, tapes
from .admission import Leave, admit
from .charging import house_pays
from .gates import Window, Withheld
from .graph import layers_of
from .llm.candidates import Candidate
from .llm.port import Finish, LLMError, Part, Text, Usage
from .models import Agent, Purpose, Step, Tape, Task
from .models.prompt import sha256_of
from .rebuilding import Told, rebuilt
from .routes import candidates_for
from .tapes import request_facts
from .voice import Voice

Call = AsyncGenerator[Part, None]

NAMES = {
    "model": "the model",
    "prompt": "the prompt",
    "parameters": "the agent's parameters",
    "tools": "the tools",
    "may_call": "whether tools may be called",
}


@dataclass(frozen=True, slots=True)
class Turning:
    """How a run is played: as whom (None: as itself), without whose words, and whether a model may be asked for what
    there is no tape of."""

    agent: Agent | None = None
    without_memory: bool = False
    live: bool = False


@dataclass(slots=True)
class Replayed:
    """What came of it. `remarks` are sentences for whoever plays; `complete` when every step has been played."""

    text: str = ""
    complete: bool = True
    remarks: list[str] = field(default_factory=list)


def replay(task: Task, how: Turning) -> Replayed:
    """Play all steps of a run that called a model and spoke to the room, in order."""
    found = Replayed(text=taken_over(task))
    for step in speaking_steps(task):
        told = rebuilt(step, how.agent, how.without_memory)
        found.remarks += told.remarks
        calls = calls_of(step, told, how, found)
        if calls is None:
            found.complete = False
            return found
        found.text, end = asyncio.run(played(calls, found.text))
        found.remarks += [f"It ended so: {end}"] if end else []
    return found


def taken_over(task: Task) -> str:
    """What stands in the answer from the run that this one went on from."""
    ends = [step.output["said"][1] for step in task.steps.all() if "taken_from" in step.input and "said" in step.output]
    return task.reply.body[: max(ends)] if ends and task.reply else ""


def speaking_steps(task: Task) -> list[Step]:
    """Those that wrote the answer itself, in the order in which they did."""
    steps = {step.pk: step for step in task.steps.select_related("prompt", "agent__user").prefetch_related("needs")}
    order = layers_of({id: [one.pk for one in step.needs.all()] for id, step in steps.items()})
    for step in steps.values():
        step.task = task
    return [steps[id] for id in order if steps[id].kind == Step.Kind.COMPLETE and steps[id].prompt_sha256]


def calls_of(step: Step, told: Told, how: Turning, found: Replayed) -> list[Call] | None:
    """What a model said in each call of a step. None when there is nothing that could play it."""
    recorded = list(Tape.objects.filter(step=step).order_by("number"))
    facts = request_facts(told.request)
    if not told.is_whole and how.agent is None and not how.without_memory and recorded:
        found.remarks.append(f"Step {step.pk} is played from its tape, though its request cannot be compared.")
        return [from_tape(tape) for tape in recorded]
    fitting = recorded if recorded and recorded[0].request_sha256 == sha256_of(facts) else other_tapes(step, facts)
    if fitting:
        return [from_tape(tape) for tape in fitting]
    found.remarks += differences(step, recorded, facts)
    if how.live:
        found.remarks.append("There is no tape of this request; the model itself is asked.")
        agent = how.agent or step.task.agent
        return [live_call(step.task, agent.pk, candidates_for(agent, told.request))]
    found.remarks.append(f"There is no tape of the request of step {step.pk}. With --live the model itself is asked.")
    return None


async def from_tape(tape: Tape) -> AsyncGenerator[Part, None]:
    for part in tapes.read(tape.parts):
        yield part
        await asyncio.sleep(0)


async def live_call(task: Task, agent: int, places: Sequence[Candidate]) -> AsyncGenerator[Part, None]:
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


def other_tapes(step: Step, facts: dict[str, Any]) -> list[Tape]:
    """Of the same request in another run of the same room."""
    same = Tape.objects.filter(request_sha256=sha256_of(facts), step__task__room=step.task.room_id)
    first = same.order_by("id").first()
    return list(Tape.objects.filter(step=first.step_id).order_by("number")) if first else []


def differences(step: Step, recorded: Sequence[Tape], facts: dict[str, Any]) -> Iterator[str]:
    """Where a request differs from the recorded one."""
    if not recorded:
        yield f"Nothing was recorded of step {step.pk}."
        return
    then = recorded[0].request
    for name, words in NAMES.items():
        if then.get(name) != facts[name]:
            yield f"The request of step {step.pk} differs in {words}{values(name, then, facts)}."


def values(name: str, then: dict[str, Any], now: dict[str, Any]) -> str:
    if name in ("model", "may_call"):
        return f": {then.get(name)} then, {now[name]} now"
    return f" ({str(then.get(name))[:12]} then, {str(now[name])[:12]} now)"


async def played(calls: Sequence[Call], before: str) -> tuple[str, str]:
    try:
        return await play(calls, before)
    finally:
        await db.close()


async def play(calls: Sequence[Call], before: str) -> tuple[str, str]:
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
