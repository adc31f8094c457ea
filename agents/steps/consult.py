"""Steps in which an agent works with others: it contributes, plans, judges or decides. The room sees none of it live.

What the model wrote passes the gates as a whole, and once more in each text that is read out of its JSON: an escape
could hide there what a gate looks for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

from rooms import background
from rooms.errors import NotFound

from .. import context, gates
from ..claims import Claim
from ..context import Context
from ..conversation import GRACE, Conversation, converse
from ..gates import Window, Withheld
from ..laying import begin
from ..models import Reason, Seat, Step, Task
from ..outcomes import Outcome, refused_by
from ..status import Doing
from ..together import acts, disputes
from ..together.material import material_of
from ..together.planning import BadPlan, plan_in
from ..together.work import Kind, as_its_agent
from ..tools.rounds import Rounds
from ..voice import showable
from ..watch import LOST
from .begun import Begun
from .calling import call_for
from .complete import question_of, remember, request_for
from .obstacles import obstacle, standing_of

log = logging.getLogger(__name__)

Facts = dict[str, Any]


def consult(step: Step, claim: Claim) -> Begun:
    """Call the model of the step's own agent, on the process's event loop with all others."""
    mine, leased = as_its_agent(step), time.monotonic()
    standing = standing_of(mine.task)
    refusal = obstacle(mine.task) or absence(mine.task)
    if refusal is not None:
        return Begun.ended(unsaid(refusal))
    work = material_of(mine)
    told = context.build(mine.task, question_of(mine.task), work.tokens)
    work.add_to(told)
    request = request_for(mine.task, told, Rounds())
    found = call_for(mine, claim, request, told, leased, standing)
    step.held_on = mine.held_on
    if isinstance(found, Outcome):
        return Begun.ended(unsaid(found))
    talk = Aside.of(found)
    talk.sign.tell(Doing.THINKING)
    longest = request.deadlines.total + 2 * GRACE + 30
    return Begun(background.submit(contribute(talk, step)), partial(show, step.task, talk, claim, told), longest)


def absence(task: Task) -> Outcome | None:
    """An agent that was sent out meanwhile contributes nothing."""
    seated = Seat.objects.filter(room=task.room_id, agent=task.agent_id).exists()
    return None if seated else Outcome(Reason.UNSEATED)


class Aside(Conversation):
    """A conversation of which nothing is sent: no message is its place."""

    @classmethod
    def of(cls, talk: Conversation) -> Aside:
        return cls(**{one.name: getattr(talk, one.name) for one in fields(talk) if one.init} | {"before": ""})

    @property
    def message_id(self) -> None:
        return None

    async def send(self, offset: int, text: str) -> None:
        if not self.holds_its_lease():
            self.stop(LOST)


def show(task: Task, talk: Conversation, claim: Claim, told: Context) -> None:
    """Everybody sees that an answer is being made, and can stop it."""
    loop = background.loop()
    try:
        if task.reply is None:
            begin(task)
        remember(claim, told)
    except NotFound:
        loop.call_soon_threadsafe(talk.stop, Reason.UNSEATED)
    except Exception:
        log.exception("the answer of run %s could not be begun", task.pk)
        loop.call_soon_threadsafe(talk.stop, Reason.ERROR)


async def contribute(talk: Conversation, step: Step) -> Outcome | None:
    """None when the lease was lost. An answer cut at its longest is a contribution all the same."""
    outcome = await converse(talk)
    if outcome is None:
        return None
    if outcome.reason not in (Reason.ANSWERED, Reason.LENGTH) or not outcome.text.strip():
        return unsaid(outcome)
    try:
        output = passed(READERS[step.kind](outcome.text, step.input))
    except Withheld as objection:
        return unsaid(refused_by(objection.verdict, "", outcome.usage))
    cut = {"cut": True} if outcome.reason == Reason.LENGTH else {}
    return Outcome(Reason.ANSWERED, usage=outcome.usage, output=output | cut | calls_in(outcome))


def unsaid(outcome: Outcome) -> Outcome:
    """Of what failed nothing is kept but why."""
    output = {"failed": outcome.sentence, "reason": outcome.reason} | calls_in(outcome)
    return replace(outcome, text="", output=output, tapes=())


def calls_in(outcome: Outcome) -> Facts:
    """Where the model was called, for those who look into the run."""
    return {"calls": outcome.output["calls"]} if "calls" in outcome.output else {}


def passed(value: Any) -> Any:
    """All texts in it as they may be shown and kept. Raises Withheld."""
    match value:
        case str():
            return gates.passed(Window(showable(value), whole=True, arguments=True)) if value else value
        case dict():
            return {key: passed(one) for key, one in value.items()}
        case list():
            return [passed(one) for one in value]
    return value


# --- what is read out of what a model wrote


def contribution(text: str, asked: Facts) -> Facts:
    return acts.read(text).as_output()


def plan(text: str, asked: Facts) -> Facts:
    """Of one that cannot be carried out, what is wrong with it."""
    try:
        found = plan_in(text, {one["name"] for one in asked.get("team", [])})
    except BadPlan as bad:
        return {"wrong": str(bad)}
    return {"subtasks": [one.as_facts() for one in found]}


def judgement(text: str, asked: Facts) -> Facts:
    """A score and points; without a score that can be read nothing is sent back."""
    fence = acts.FENCE.search(text)
    written = acts.object_of(fence["json"] if fence else text.strip())
    try:
        score = acts.score_of(written.get("score"))
    except acts.NotAnAct:
        return {"points": [acts.one_line(text)]}
    points = [acts.one_line(one) for one in written.get("points") or [] if isinstance(one, str)]
    return {"score": score, "points": points[: acts.MOST]}


def decisions(text: str, asked: Facts) -> Facts:
    return {"decisions": disputes.choices_in(text, asked.get("disputes", []))}


READERS: dict[str, Callable[[str, Facts], Facts]] = {
    Kind.CONSULT: contribution,
    Kind.PLAN: plan,
    Kind.REVIEW: judgement,
    Kind.RESOLVE: decisions,
}
