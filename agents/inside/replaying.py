"""A run once more, offline: its prompts from the recorded ids, its models from the recorded tapes, its tools from what
they answered. The words go the same way as then, through the voice and the gates, to nobody; nothing is written but the
bill of a live call.

A tape plays only for the request it was recorded for. Where the request differs, that is said, and so is where. Of
agents that worked together each contribution is played and held against what is kept of it, since the prompts of
those after it are made of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..models import Agent, Status, Step, Tape, Task
from ..models.prompt import sha256_of
from ..models.step import CONTRIBUTING
from ..speaking.tapes import request_facts
from ..together.work import agent_of, name_of
from .graph import layers_of
from .playing import Played, play, play_live
from .rebuilding import Told, rebuilt

NAMES = {
    "model": "the model",
    "prompt": "the prompt",
    "parameters": "the agent's parameters",
    "tools": "the tools",
    "may_call": "whether tools may be called",
}
CALLING = (Step.Kind.COMPLETE, *CONTRIBUTING)


@dataclass(frozen=True, slots=True)
class Turning:
    """How a run is played: whoever answers as whom (None: as itself), without whose words, and whether a model may be
    asked for what there is no tape of."""

    agent: Agent | None = None
    without_memory: bool = False
    live: bool = False

    def agent_for(self, step: Step) -> Agent | None:
        return self.agent if step.kind == Step.Kind.COMPLETE else None


@dataclass(slots=True)
class Replayed:
    """What came of it. `steps` are all that were played, in order. `remarks` are sentences for whoever plays;
    `complete` when there was something to play each step from, and `differs` when one contributed something else."""

    text: str = ""
    complete: bool = True
    differs: bool = False
    remarks: list[str] = field(default_factory=list)
    steps: list[tuple[Step, Played]] = field(default_factory=list)

    def before(self, step: Step) -> str:
        """What was said up to this step, of the answer, or of the same contribution."""
        if step.kind == Step.Kind.COMPLETE:
            return self.text
        said = {one.pk: played.text for one, played in self.steps}
        return next((said.get(one.pk, one.output.get("text", "")) for one in callers_of(step)), "")


def replay(task: Task, how: Turning) -> Replayed:
    """Play all steps of a run that called a model, each after those it needs. Without one of the answer itself there is
    no more to be played; without a contribution there is."""
    found = Replayed(text=taken_over(task))
    for step in calling_steps(task):
        told = rebuilt(step, how.agent_for(step), how.without_memory)
        found.remarks += told.remarks
        played = played_from(step, told, how, found)
        if played is not None:
            take(step, played, found)
        elif step.kind == Step.Kind.COMPLETE:
            break
    return found


def take(step: Step, played: Played, found: Replayed) -> None:
    found.steps.append((step, played))
    if step.kind == Step.Kind.COMPLETE:
        found.text = played.text
        found.remarks += [f"It ended so: {played.end}"] if played.end else []
    elif not is_as_it_was(step, played):
        found.differs = True
        found.remarks.append(f"{name_of(step)} says something else in step {step.pk} than it did.")


def is_as_it_was(step: Step, played: Played) -> bool:
    """What was read out of a contribution, or what was said before tools, is what is kept of it."""
    if step.status != Status.DONE:
        return played.facts is None
    facts = {"text": played.text} if played.facts is None else played.facts
    return all(step.output.get(name) == value for name, value in facts.items())


def taken_over(task: Task) -> str:
    """What stands in the answer from the run that this one went on from."""
    ends = [step.output["said"][1] for step in task.steps.all() if "taken_from" in step.input and "said" in step.output]
    return task.reply.body[: max(ends)] if ends and task.reply else ""


def calling_steps(task: Task) -> list[Step]:
    """Those that called a model, in an order in which each comes after what it needs."""
    found = task.steps.select_related("prompt", "agent__user").prefetch_related("needs__needs")
    steps = {step.pk: step for step in found}
    order = layers_of({id: [one.pk for one in step.needs.all()] for id, step in steps.items()})
    for step in steps.values():
        step.task = task
    return [steps[id] for id in order if steps[id].kind in CALLING and steps[id].prompt_sha256]


def callers_of(step: Step) -> Iterator[Step]:
    """The step that called the tools after which this one goes on."""
    for need in step.needs.all():
        if need.kind == Step.Kind.TOOL:
            yield from need.needs.all()


def played_from(step: Step, told: Told, how: Turning, found: Replayed) -> Played | None:
    """What was said in a step. None when there is nothing that could play it."""
    before = found.before(step)
    tapes = tapes_for(step, told, how, found)
    if tapes:
        found.remarks += [of_what_passed(step)] if tapes[0].passed else []
        return play(step, tapes, before)
    if how.live:
        found.remarks.append("There is no tape of this request; the model itself is asked.")
        return play_live(step, how.agent_for(step) or agent_of(step), told, before)
    found.remarks.append(f"There is no tape of the request of step {step.pk}. With --live the model itself is asked.")
    found.complete = False
    return None


def of_what_passed(step: Step) -> str:
    return (
        f"Step {step.pk} is played from what its gates let through by its end. "
        "What they kept back or changed, and what came after it was stopped, was not recorded."
    )


def tapes_for(step: Step, told: Told, how: Turning, found: Replayed) -> list[Tape]:
    recorded = list(Tape.objects.filter(step=step).order_by("number"))
    facts = request_facts(told.request)
    if not told.is_whole and how.agent_for(step) is None and not how.without_memory and recorded:
        found.remarks.append(f"Step {step.pk} is played from its tape, though its request cannot be compared.")
        return recorded
    fitting = recorded if recorded and recorded[0].request_sha256 == sha256_of(facts) else other_tapes(step, facts)
    found.remarks += [] if fitting else differences(step, recorded, facts)
    return fitting


def other_tapes(step: Step, facts: dict[str, Any]) -> list[Tape]:
    """Of the same request in another run of the same room."""
    same = Tape.objects.filter(request_sha256=sha256_of(facts), step__task__room=step.task.room_id, passed=False)
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
