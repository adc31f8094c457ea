"""A turn once more, offline: its prompts from the recorded ids, its model from the recorded tapes, its tools from what
they answered. The words go the same way as then, through the voice and the gates, to nobody; nothing is written.

A tape plays only for the request it was recorded for. Where the request differs, that is said, and so is where.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any
from uuid import UUID

from . import tapes
from .admission import Leave
from .breaker import Pass
from .conversation import Conversation, call
from .graph import layers_of
from .llm.candidates import Candidate
from .llm.port import LLMError, Part, Request, Usage
from .llm.pricing import FREE, Price
from .models import Agent, Step, Tape, Task
from .models.prompt import sha256_of
from .outcomes import Outcome, broken
from .rebuilding import Told, rebuilt
from .routes import candidates_for
from .tapes import request_facts

NOBODY = UUID(int=0)
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


class Silence(Pass):
    """Leave to call a tape: nobody counts its failures."""

    async def tell(self, sql: str, **facts: object) -> None:
        """To nobody."""


class Player:
    """A backend that says what is on a tape, and reaches nobody."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = parts

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        for part in tapes.read(self.parts):
            yield part
            await asyncio.sleep(0)

    def usage_of(self, request: Request, written: str) -> Usage:
        return Usage()

    def price_of(self, request: Request) -> Price:
        return FREE

    async def warm(self) -> None:
        """There is nothing to reach."""

    async def close(self) -> None:
        """There is nothing open."""


def replay(task: Task, how: Turning) -> Replayed:
    """Play all steps of a run that called a model and spoke to the room, in order."""
    found = Replayed(text=taken_over(task))
    for step in speaking_steps(task):
        told = rebuilt(step, how.agent, how.without_memory)
        found.remarks += told.remarks
        players = players_for(step, told, how, found)
        if players is None:
            found.complete = False
            return found
        outcome = asyncio.run(play(told.request, players, found.text))
        found.text = outcome.text
        if outcome.notice:
            found.remarks.append(f"It ended so: {outcome.notice}")
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


def players_for(step: Step, told: Told, how: Turning, found: Replayed) -> list[Candidate] | None:
    """A place for each call of a step. None when there is nothing that could play it."""
    recorded = list(Tape.objects.filter(step=step).order_by("number"))
    facts = request_facts(told.request)
    if not told.is_whole and how.agent is None and not how.without_memory and recorded:
        found.remarks.append(f"Step {step.pk} is played from its tape, though its request cannot be compared.")
        return on_tape(told.request, recorded)
    fitting = recorded if recorded and recorded[0].request_sha256 == sha256_of(facts) else other_tapes(step, facts)
    if fitting:
        return on_tape(told.request, fitting)
    found.remarks += differences(step, recorded, facts)
    if how.live:
        found.remarks.append("There is no tape of this request; the model itself is asked.")
        return list(candidates_for(how.agent or step.task.agent, told.request))
    found.remarks.append(f"There is no tape of the request of step {step.pk}. With --live the model itself is asked.")
    return None


def on_tape(request: Request, tapes: Sequence[Tape]) -> list[Candidate]:
    return [Candidate("", Player(tape.parts), request) for tape in tapes]


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


async def play(request: Request, places: Sequence[Candidate], before: str) -> Outcome:
    """The calls of one step, through voice and gates; what is shown goes nowhere."""
    talk = Conversation(NOBODY, 0, "", request, tuple(places), leased=inf, before=before)
    talk.begun.set()  # there is no message, and words wait for none
    failure = LLMError("empty")
    for place in places:
        talk.turn_to(place.backend, place.request, None)
        try:
            return await call(talk, Leave(place, Silence("replay")))
        except LLMError as error:
            talk.note(error)
            failure = error
    await talk.voice.finish()
    return broken(failure, talk.shown, None)
