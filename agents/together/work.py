"""The steps of a run on which several agents work, read once: who contributed what, who failed, what is under way."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from ..models import Agent, Coordination, Reason, Seat, Status, Step, Task
from ..models.step import CONTRIBUTING
from ..models.task import ENDED

Kind = Step.Kind
TOGETHER = frozenset(map(Kind, CONTRIBUTING))
"""Steps that show nothing in the room. When one of them fails, those that need it go on without."""

UNDONE = (Status.FAILED, Status.INTERRUPTED)
NO_MEANS = frozenset({Reason.ENERGY, Reason.BUDGET, Reason.QUOTA, Reason.LIMITED})
"""Whoever was refused for these: nobody else is asked, and what there is, is brought to an end."""


@dataclass(frozen=True)
class Work:
    """All steps of a task, in the order in which they were laid out. Two queries, however many there are."""

    task: Task
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, task: Task) -> Work:
        found = Step.objects.filter(task=task).select_related("agent__user").prefetch_related("needs")
        return cls(task, tuple(sorted(found, key=place)))

    def those(self, *kinds: str) -> list[Step]:
        return [step for step in self.steps if step.kind in kinds]

    @property
    def under_way(self) -> bool:
        return any(step.status not in ENDED for step in self.steps)

    @property
    def is_out_of_means(self) -> bool:
        return any(step.output.get("reason") in NO_MEANS for step in self.steps)

    @property
    def is_out_of_turns(self) -> bool:
        """The one who speaks has a turn nevertheless: it was taken when the run was laid out."""
        return any(step.output.get("reason") == Reason.ENERGY for step in self.steps)

    @cached_property
    def consults(self) -> list[Step]:
        """One for each contribution: of an agent that used tools on the way, the step in which it comes to an end."""
        return [step for step in self.those(Kind.CONSULT) if not goes_on_after_tools(step)]

    @property
    def contributions(self) -> list[Step]:
        """What was said, the last word of each where one was asked to do it again."""
        again = {step.input.get("redo") for step in self.consults if step.status == Status.DONE}
        return [step for step in self.consults if step.status == Status.DONE and str(step.pk) not in again]

    @property
    def failures(self) -> list[Step]:
        return [step for step in self.consults if step.status in UNDONE]

    @property
    def ends(self) -> list[Step]:
        """The steps that nothing needs: whatever comes next needs them all. What was put off is out of it."""
        steps = [step for step in self.steps if step.status != Status.CANCELLED]
        needed = {other.pk for step in steps for other in step.needs.all()}
        return [step for step in steps if step.pk not in needed]

    def uses_tools(self, step: Step) -> bool:
        return any(one.kind == Kind.TOOL for one in step.needs.all())

    def before(self, step: Step) -> Work:
        """What this step stands on: only that may it know, so that its prompt is the same whenever it is built."""
        known = self.needed_by(step)
        return Work(self.task, tuple(one for one in self.steps if one.pk in known))

    def needed_by(self, step: Step) -> Collection[UUID]:
        needs = {one.pk: [other.pk for other in one.needs.all()] for one in self.steps}
        found: set[UUID] = set()
        waiting = list(needs.get(step.pk, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(needs.get(one, ()))
        return found

    @property
    def latest(self) -> list[Step]:
        """What the next to speak has to know: of those who talk in rounds, each one's last word."""
        said = self.contributions
        if self.task.pattern != Coordination.COLLABORATIVE:
            return said
        return list({step.agent_id: step for step in said}.values())


def goes_on_after_tools(step: Step) -> bool:
    """It called tools, and another step says what comes of them."""
    return step.kind == Kind.CONSULT and "goes_on" in step.output


def is_aside(step: Step) -> bool:
    """It is part of what one contributes and not of the answer; so are the tools that were called for it."""
    return step.kind in TOGETHER or (step.kind == Kind.TOOL and step.agent_id is not None)


def lay(work: Work, steps: Iterable[Step], after: Sequence[Step] = ()) -> bool:
    """New steps, all of which need these, or whatever came last. Whether there are any."""
    made = Step.objects.bulk_create(steps)
    connect(dict.fromkeys(made, after or work.ends))
    return bool(made)


def connect(needs: Mapping[Step, Collection[Step]]) -> None:
    """What each of these new steps needs, in one statement."""
    edge = Step.needs.through
    edge.objects.bulk_create(
        edge(from_step_id=step.pk, to_step_id=other.pk) for step, others in needs.items() for other in others
    )


def place(step: Step) -> tuple[int, int, str]:
    """Ids made in one millisecond are in no order, so contributions carry numbers of their own."""
    return step.input.get("round", 0), step.input.get("number", 0), str(step.pk)


def agent_of(step: Step) -> Agent:
    return step.agent or step.task.agent


def name_of(step: Step) -> str:
    return agent_of(step).user.username


def as_its_agent(step: Step) -> Step:
    """The step with its task as the step's own agent sees it: what asks for `task.agent` means the one who works.

    Not to be saved. The task itself keeps who speaks in the room.
    """
    if step.agent_id is None or step.agent_id == step.task.agent_id:
        return step
    mine, mine.task = copy.copy(step), copy.copy(step.task)
    mine.task.agent = agent_of(step)
    return mine


def at_its_seat(step: Step) -> Step:
    """The same, also with that agent's own seat in the room: there is none when it, or who speaks, was sent out."""
    mine = as_its_agent(step)
    if mine is not step and step.task.seat_id is not None:
        mine.task.seat = Seat.objects.filter(room=step.task.room_id, agent=mine.task.agent).first()
    return mine


def names_in(steps: Collection[Step]) -> Iterator[str]:
    yield from dict.fromkeys(name_of(step) for step in steps)
