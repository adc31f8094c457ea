"""Which steps of a run are taken over and which are done again, when it is done again from one of them.

Everything that needs the step is done again, except what unrolled from it: the tools a model called and the step that
went on after them. It will call its own. Where agents work together the later stages (another round, reviews,
decisions, who speaks at last) are laid out when they are reached. What a tool read in the room is not kept, so it reads
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from rooms.errors import NotFound

from ..inside.graph import layers_of
from ..models import Status, Step, Task

Needs = dict[UUID, set[UUID]]


@dataclass(frozen=True, slots=True)
class Again:
    """Steps to be `done` already and to be done `anew`, and what each of them needs. `said`: how much of the answer was
    said by those that are done."""

    done: tuple[Step, ...]
    anew: tuple[Step, ...]
    needs: Mapping[UUID, set[UUID]]
    said: int

    def lay(self, task: Task) -> None:
        """The same steps for another run."""
        new = {one.pk: taken_over(one, task) for one in self.done} | {one.pk: once_more(one, task) for one in self.anew}
        ids = {str(old): str(step.pk) for old, step in new.items()}
        for old, step in new.items():
            step.input = {name: ids.get(str(value), value) for name, value in step.input.items()}
            if step.status == Status.DONE:
                step.input["taken_from"] = str(old)
        Step.objects.bulk_create(new.values())
        link = Step.needs.through
        link.objects.bulk_create(
            link(from_step_id=step.pk, to_step_id=new[needed].pk)
            for old, step in new.items()
            for needed in self.needs[old]
        )


def taken_over(step: Step, task: Task) -> Step:
    """Its outcome and its times without its bill, its prompt's hash or its attempts: those are the other run's."""
    return Step(
        task=task,
        kind=step.kind,
        agent_id=step.agent_id,
        title=step.title,
        status=Status.DONE,
        tool=step.tool,
        input=step.input,
        read=step.read,
        output=step.output,
        started_at=step.started_at,
        ended_at=step.ended_at,
    )


def once_more(step: Step, task: Task) -> Step:
    given = {name: value for name, value in step.input.items() if name != "taken_from"}
    return Step(task=task, kind=step.kind, agent_id=step.agent_id, title=step.title, tool=step.tool, input=given)


def again_from(steps: Sequence[Step], step_id: UUID, together: bool = False) -> Again:
    """The plan for doing a run again from this step; `together` when several agents work on it. Raises NotFound when
    it has no such step."""
    by_id = {step.pk: step for step in steps}
    if step_id not in by_id:
        raise NotFound
    needs: Needs = {step.pk: {one.pk for one in step.needs.all()} for step in steps}
    last = said_at_last(steps, by_id[step_id]) if together else set()
    again = reach(needs, {step_id} | last | {step.pk for step in steps if not is_kept(step)})
    gone = unrolled(by_id, needs, again, together, dict.fromkeys(last, step_id))
    return Again(
        done=tuple(step for step in steps if step.pk not in again),
        anew=tuple(step for step in steps if step.pk in again - gone.keys()),
        needs={id: {origin(one, gone) for one in needs[id]} for id in needs if id not in gone},
        said=max((end_of(step) for step in steps if step.pk not in again), default=0),
    )


def said_at_last(steps: Sequence[Step], step: Step) -> set[UUID]:
    """What is made of all contributions, though it does not need this one, of which nothing came then."""
    if step.kind == Step.Kind.COMPLETE or (step.kind == Step.Kind.TOOL and step.agent_id is None):
        return set()
    last = (Step.Kind.COMPLETE, Step.Kind.RESOLVE)
    return {one.pk for one in steps if one.kind in last and one.pk != step.pk}


def is_kept(step: Step) -> bool:
    """Whether its outcome is there to be taken over."""
    if step.status != Status.DONE:
        return False
    return step.kind != Step.Kind.TOOL or "result" in step.output or "error" in step.output


def reach(needs: Needs, begun: Iterable[UUID]) -> set[UUID]:
    """These, and all that need them."""
    found = set(begun)
    while more := {id for id, needed in needs.items() if needed & found} - found:
        found |= more
    return found


def unrolled(
    by_id: Mapping[UUID, Step], needs: Needs, again: set[UUID], together: bool, last: Mapping[UUID, UUID]
) -> dict[UUID, UUID]:
    """What is not laid out again, because the step it came from will lay out its own; with that step. What is said at
    `last` comes of the whole."""
    gone = dict(last)
    for id in (id for id in layers_of(needs) if id in again):
        callers = needs[id] & again
        if callers and (caller := laid_by(by_id[id], [by_id[one] for one in callers], by_id, gone, together)):
            gone[id] = origin(caller.pk, gone)
    return gone


def laid_by(
    step: Step, callers: Sequence[Step], by_id: Mapping[UUID, Step], gone: Mapping[UUID, UUID], together: bool
) -> Step | None:
    """The one of these at whose end this step was laid out; None when it was planned from the first."""
    if step.kind == Step.Kind.TOOL:
        return callers[0]
    for caller in callers:
        if caller.pk in gone and caller.kind == Step.Kind.TOOL:
            return caller
        first = by_id[origin(caller.pk, gone)] if goes_on(caller, by_id) else caller
        if together and (first.pk in gone or is_a_later_stage(step, first)):
            return first
    return None


def goes_on(step: Step, by_id: Mapping[UUID, Step]) -> bool:
    """It says what came of tools that an earlier step has called."""
    return any(by_id[one.pk].kind == Step.Kind.TOOL for one in step.needs.all())


def is_a_later_stage(step: Step, caller: Step) -> bool:
    """Contributions that were planned side by side, or one after another, are of one stage; anything else is not."""
    consult = Step.Kind.CONSULT
    if not step.kind == caller.kind == consult or "redo" in step.input:
        return True
    return bool(step.input.get("round", 1) > caller.input.get("round", 1))


def origin(id: UUID, gone: Mapping[UUID, UUID]) -> UUID:
    return gone.get(id, id)


def end_of(step: Step) -> int:
    return int(step.output.get("said", [0, 0])[1])
