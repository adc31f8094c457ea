"""The request of a step once more, as it went to the model or as another agent would have made it.

Instructions and messages come from what was recorded (`recomputing.py`), tools and their answers from the steps before.
What a tool read in the room was not kept: then the request cannot be built again, and whoever asks is told.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from django.conf import settings

from ..context.building import Context
from ..context.instructions import instructions_of
from ..llm.port import Request, Turn
from ..models import Agent, Seat, Step, Task
from ..steps.complete import request_for
from ..together.material import material_of, with_section
from ..together.work import at_its_seat
from ..tools.rounds import SPEAKING, Rounds, rounds_with
from .recomputing import built_again, is_kept, reasons_of, sources_of, used_before


@dataclass(frozen=True, slots=True)
class Told:
    """`is_whole` when the request is what this agent would be asked; `remarks` say what has become of its parts."""

    request: Request
    is_whole: bool
    remarks: tuple[str, ...] = ()


def rebuilt(step: Step, agent: Agent | None = None, without_memory: bool = False) -> Told:
    """With another agent its own instructions, parameters and tools, and the same messages."""
    task = copy(at_its_seat(step).task)
    if agent is not None:
        task.agent, task.seat = agent, Seat.objects.filter(room=task.room, agent=agent).first()
    sources = sources_of(step)
    context = built_again(as_of(step, task), sources)
    if agent is not None:
        own = with_section(instructions_of(agent, task.room), material_of(as_of(step, task)).section)
        context.turns[:1] = [Turn("system", own.text)]
    used = used_before(step)
    rounds = rounds_with(task, used) if task.agent.tools and step.kind in SPEAKING else Rounds()
    context.turns.extend(rounds.turns)
    remarks = list(reasons_of(step, sources))
    kept = all(is_kept(one.step) for one in used)
    if not kept:
        remarks.append("What the tools read in the room is not kept.")
    if without_memory and not memory_is_wired():
        remarks.append("There was nothing of memory to leave out.")
    whole = kept and (agent is not None or bool(remarks) or is_equal(context, step))
    return Told(request_for(task, context, rounds), whole, tuple(remarks))


def as_of(step: Step, task: Task) -> Step:
    """The step, as one of a task that somebody else has."""
    found = copy(step)
    found.task = task
    return found


def is_equal(context: Context, step: Step) -> bool:
    return context.sha256 == step.prompt_sha256


def memory_is_wired() -> bool:
    return any(name.startswith("memory.") for name in settings.AGENT_CONTEXT)
