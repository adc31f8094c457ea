"""A step that uses a tool for whoever asked. What it answers, also that it may not, goes to the model as data."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from rooms import background

from ..models import Reason, Step, Task
from ..outcomes import Outcome
from ..runs.claims import Claim, Lease
from ..runs.endings import words_of
from ..runs.watch import LOST, watch
from ..speaking import gates
from ..speaking.conversation import GRACE
from ..speaking.gates import Withheld
from ..together.work import at_its_seat, is_aside
from ..tools import telling
from ..tools.authority import objection
from ..tools.context import ToolContext
from ..tools.holding import binding_of, hold, is_approved
from ..tools.rates import take_one
from ..tools.registry import Tool, tool_named
from ..tools.schema import BadArguments
from ..tools.using import Answer, failed, use
from .begun import Begun
from .obstacles import obstacle


def use_tool(step: Step, claim: Claim) -> Begun:
    """Ask whether it may be used now, and begin; the tool itself runs on the process's event loop."""
    mine = at_its_seat(step)
    task = mine.task
    refusal = obstacle(task, claim.standing)
    if refusal is not None:
        return Begun.ended(replace(refusal, text=words_before(step)))
    tool = tool_named(step.tool)
    if tool is None:
        return Begun.ended(answered(failed(f"There is no tool «{step.tool}».")))
    arguments = admitted(tool, mine)
    if isinstance(arguments, Answer):
        return Begun.ended(answered(arguments))
    if tool.effect == "irreversible" and not is_approved(step, sha256 := binding_of(mine, tool, arguments)):
        hold(step, claim, sha256)
        return Begun.held()
    telling.began(mine)
    using = Using(step.pk, claim.fence, claim.lease, task.reply_id, words_before(step), claim.standing.by_membership)
    working = background.submit(using.see_through(tool, context_of(task), arguments))
    return Begun(working, longest=tool.seconds + 2 * GRACE)


def words_before(step: Step) -> str:
    """What the answer says by now; of what is only a contribution to it people are shown nothing."""
    return "" if is_aside(step) else words_of(step.task)


def admitted(tool: Tool, step: Step) -> dict[str, Any] | Answer:
    """The arguments, if this tool may be used with them now; else what is said to the model instead.

    What was held for an approval was counted when it was asked for.
    """
    refused = objection(tool, step.task)
    if refused:
        return failed(refused)
    try:
        arguments = tool.parameters.read(step.input["arguments"])
    except BadArguments as bad:
        return failed(str(bad))
    if step.task.requester_id is None or (step.attempt == 1 and not take_one(tool, step.task.requester_id)):
        return failed(f"«{tool.name}» was used {tool.per_minute} times within a minute; that is enough for now.")
    return arguments


def context_of(task: Task) -> ToolContext:
    """The audience is that of the answer: who may read it, may read all that it was made of."""
    nobody: list[int] | None = None if task.slot is not None else []
    audience = task.trigger_message.visible_to if task.trigger_message else nobody
    return ToolContext(
        run=task.pk,
        requester=task.requester.username if task.requester else "",
        agent=task.agent.user.username,
        room_id=task.room_id,
        room=task.room.slug,
        audience=None if audience is None else tuple(audience),
    )


def answered(answer: Answer) -> Outcome:
    answer = answer if answer.read else gated(answer)
    return Outcome(Reason.ANSWERED, output=answer.data, read=answer.read)


def gated(answer: Answer) -> Answer:
    """What a tool answers is shown under the agent's own words, and a program can put together there what the agent may
    not say. What was read in the room is not: of that only the messages are named."""
    try:
        return Answer(gates.passed_in(answer.data))
    except Withheld:
        return failed("What it answered may not be shown here.")


@dataclass(slots=True)
class Using:
    """A tool at work, watched over like an answer: it stops for the same reasons."""

    step_id: UUID
    fence: int
    lease: Lease
    message_id: UUID | None
    said: str
    by_membership: bool
    shown: str = ""
    why: str = ""
    working: asyncio.Task[Answer] | None = field(default=None)

    def stop(self, why: str) -> None:
        if not self.why and (self.by_membership or why != Reason.DEPARTED):
            self.why = why
            if self.working is not None:
                self.working.cancel()

    async def see_through(self, tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> Outcome | None:
        """None when the lease was lost. The words that were said before the tool was called stay."""
        answer = await self.work(tool, context, arguments)
        if self.why == LOST:
            return None
        return Outcome(Reason(self.why), self.said) if answer is None else answered(answer)

    async def work(self, tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> Answer | None:
        """What the tool answered; None when it was stopped. One that does not mind its own time is left behind."""
        self.working = working = asyncio.get_running_loop().create_task(use(tool, context, arguments))
        watch().add(self)
        try:
            await asyncio.wait({working}, timeout=tool.seconds + GRACE)
            working.cancel()
        finally:
            watch().remove(self)
        if self.why:
            return None
        return working.result() if working.done() and not working.cancelled() else failed("The tool did not end.")
