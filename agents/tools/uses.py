"""What tools did on the way to an answer, for the eyes of those who may read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any
from uuid import UUID

from rooms.access import reader_in
from rooms.models import Message, Room, User

from ..access import runs_for
from ..approvals import exactly, may_decide
from ..models import Approval, Status, Step, Task
from ..together.work import goes_on_after_tools
from .registry import tool_named
from .schema import BadArguments

LONGEST = 4_000
"""Characters of a result that are shown; it was data for the model, not reading for people."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a tool. `sources` are the messages it read that this reader may read; the others are only counted."""

    step: Step
    sources: Sequence[Message] = ()
    unseen: int = 0
    approval: Approval | None = None

    @property
    def agent(self) -> User:
        return (self.step.agent or self.step.task.agent).user

    @property
    def arguments(self) -> str:
        """Nothing to those who may not read all that it read."""
        return "" if self.unseen else arguments_of(self.step)

    @property
    def result(self) -> str:
        """Of what was read in the room only the messages are named: they are there to be read, as they stand now."""
        if self.step.read or "result" not in self.step.output:
            return ""
        return shortened(self.step.output["result"])

    @property
    def error(self) -> str:
        return str(self.step.output.get("error", ""))

    @property
    def is_waiting(self) -> bool:
        return self.step.held and self.step.status == Status.WAITING

    @property
    def state(self) -> str:
        if self.is_waiting:
            return "waits for an approval"
        words = {Status.WAITING: "about to begin", Status.RUNNING: "under way", Status.DONE: ""}
        return words.get(Status(self.step.status), "not finished")


@dataclass(frozen=True, slots=True)
class Used:
    """The uses of one run, in order. `may_decide`: on what waits for an approval."""

    task: Task
    uses: Sequence[Use] = field(default_factory=list)
    may_decide: bool = False

    @property
    def title(self) -> str:
        now = [use.step.tool for use in self.uses if use.step.status == Status.RUNNING]
        if now:
            return f"Using {', '.join(now)}"
        used = [use for use in self.uses if not use.is_waiting] or self.uses
        names = list(dict.fromkeys(use.step.tool for use in used))
        if used[0].is_waiting:
            return f"Waiting for an approval: {', '.join(names)}"
        count = len(used)
        return f"Used {count} tool{'s' if count > 1 else ''}: {', '.join(names)}"

    @property
    def waiting(self) -> list[Use]:
        return [use for use in self.uses if use.approval and use.approval.state == Approval.State.WAITING]


def uses_of(user: User, room: Room, run_ids: Sequence[UUID]) -> list[Used]:
    """Of those runs that this person may see and in which tools were called. Four queries, however many runs."""
    runs = runs_for(user, room).select_related("trigger_message", "reply").filter(pk__in=run_ids)
    found = [run for run in runs.filter(steps__kind=Step.Kind.TOOL).distinct() if not run.is_recalled]
    steps = {run.pk: steps_of(run) for run in found}
    every = list(chain.from_iterable(steps.values()))
    readable = sources_of(user, room, every)
    newest_last = Approval.objects.filter(step__in=every).order_by("asked_at", "id").select_related("decided_by")
    asked = {one.step_id: one for one in newest_last}
    return [
        Used(run, [use_of(step, readable, asked.get(step.pk)) for step in steps[run.pk]], may_decide(user, run))
        for run in found
    ]


def of_answers(used: Sequence[Used]) -> list[Used]:
    """Of a run that is over only what was used for the answer itself: the rest is folded under the contributions."""
    found = [one if one.task.is_live else replace(one, uses=alone(one.uses)) for one in used]
    return [one for one in found if one.uses]


def alone(uses: Sequence[Use]) -> list[Use]:
    return [use for use in uses if use.step.agent_id is None]


def by_contribution(used: Sequence[Used]) -> dict[UUID, list[Use]]:
    """The uses on the way to each contribution of these runs, by the step that came to its end."""
    found: dict[UUID, list[Use]] = {}
    for one in used:
        uses = {use.step.pk: use for use in one.uses}
        for step in one.task.steps.all():
            if step.kind == Step.Kind.CONSULT and not goes_on_after_tools(step):
                found[step.pk] = on_the_way(step, uses, {other.pk: other for other in one.task.steps.all()})
    return found


def on_the_way(step: Step, uses: Mapping[UUID, Use], steps: Mapping[UUID, Step]) -> list[Use]:
    """Round by round, in the order in which they were called."""
    found: list[Use] = []
    while last := [uses[need.pk] for need in step.needs.all() if need.pk in uses]:
        found[:0] = sorted(last, key=lambda use: use.step.input.get("number", 0))
        callers = list(steps[last[0].step.pk].needs.all())
        if not callers:
            break
        step = steps[callers[0].pk]
    return found


def steps_of(run: Task) -> list[Step]:
    tools = [step for step in run.steps.all() if step.kind == Step.Kind.TOOL]
    return sorted(tools, key=lambda step: (step.created_at, step.input.get("number", 0)))


def sources_of(user: User, room: Room, steps: Sequence[Step]) -> dict[UUID, Message]:
    ids = {id for step in steps for id in step.read}
    here = Message.objects.filter(room=room).select_related("author")
    return here.readable_by(reader_in(user, room)).in_bulk(list(ids)) if ids else {}


def use_of(step: Step, readable: dict[UUID, Message], approval: Approval | None) -> Use:
    sources = [readable[id] for id in step.read if id in readable]
    return Use(step, sources, len(step.read) - len(sources), approval)


def arguments_of(step: Step) -> str:
    """As the tool would get them, with its defaults; what the model wrote where that is no call of it."""
    tool, wrote = tool_named(step.tool), step.input.get("arguments", "")
    try:
        return exactly(tool.parameters.read(wrote) if tool else json.loads(wrote))
    except (BadArguments, ValueError, RecursionError):
        return exactly(wrote)


def shortened(result: Any) -> str:
    text = result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} […]"
