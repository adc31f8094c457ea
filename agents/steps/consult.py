"""Steps in which an agent works with others: it contributes, plans, judges or decides. The room sees none of it live.

What the model wrote passes the gates as a whole, and once more in each text that is read out of its JSON: an escape
could hide there what a gate looks for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from rooms.errors import NotFound

from ..models import Reason, Status, Step, Task
from ..outcomes import Outcome, refused_by
from ..runs.claims import Claim
from ..runs.laying import begin
from ..speaking import gates
from ..speaking.gates import Withheld
from ..speaking.tapes import Passed, Recording
from ..together import acts, disputes
from ..together.planning import BadPlan, plan_in
from ..together.work import Kind, at_its_seat
from ..tools.using import clean
from .begun import Begun
from .complete import complete

log = logging.getLogger(__name__)

Facts = dict[str, Any]


def consult(step: Step, claim: Claim) -> Begun:
    """Call the model of the step's own agent, as for an answer; but nobody hears it, and what came is read."""
    mine = at_its_seat(step)
    begun = complete(mine, claim)
    step.held_on, step.held_micros = mine.held_on, mine.held_micros
    outcome = reading(step, begun.outcome)
    meanwhile = partial(show, step.task, mine.task, begun.meanwhile)
    return Begun(outcome, meanwhile, begun.longest, called=begun.called, wanted=begun.wanted)


def show(task: Task, seen: Task, meanwhile: Callable[[], None]) -> None:
    """Everybody sees that an answer is being made, by who speaks in the room, and can stop it. Where that agent cannot
    speak, its own step will find out the same."""
    try:
        seen.reply = task.reply or begin(task)
    except NotFound:
        return
    except Exception:
        log.exception("the answer of run %s could not be begun", task.pk)
        return
    meanwhile()


def reading(step: Step, called: Future[Outcome | None]) -> Future[Outcome | None]:
    """What comes of the call, read as soon as it is there."""
    read: Future[Outcome | None] = Future()

    def settle(done: Future[Outcome | None]) -> None:
        try:
            outcome = done.result()
            read.set_result(outcome and contributed(step, outcome))
        except BaseException as error:
            read.set_exception(error)

    called.add_done_callback(settle)
    return read


def contributed(step: Step, outcome: Outcome) -> Outcome:
    """An answer that was cut at its longest is a contribution all the same; silence is none."""
    if outcome.calls:
        return before_tools(outcome)
    if outcome.reason not in (Reason.ANSWERED, Reason.LENGTH) or not outcome.text.strip():
        return unsaid(outcome)
    said = READERS[step.kind](outcome.text, step.input)
    try:
        facts = passed(said)
    except Withheld as objection:
        return unsaid(replace(refused_by(objection.verdict, "", outcome.usage), tapes=outcome.tapes))
    tapes = outcome.tapes if facts == said else instead(outcome.tapes, Passed("", outcome.reason, facts))
    cut = {"cut": True} if outcome.reason == Reason.LENGTH else {}
    return replace(outcome, reason=Reason.ANSWERED, text="", tapes=tapes, output={**outcome.output, **facts, **cut})


def instead(tapes: Sequence[Recording], passed: Passed) -> tuple[Recording, ...]:
    """An escape could hide on a tape what a gate has found in what was read."""
    return tuple(Recording(tape.request, passed=passed) for tape in tapes[:1])


def before_tools(outcome: Outcome) -> Outcome:
    """What was said up to the call of tools; it is part of the contribution that comes of them."""
    others = {name: value for name, value in outcome.output.items() if name != "said"}
    return replace(outcome, text="", output={**others, "text": outcome.text, "goes_on": True})


def unsaid(outcome: Outcome) -> Outcome:
    """Of what failed nothing is kept but why, on its tape neither."""
    reason = Reason.EMPTY if outcome.status == Status.DONE else outcome.reason
    facts = {"failed": outcome.sentence or "It said nothing.", "reason": reason}
    tapes = instead(outcome.tapes, Passed("", reason))
    return replace(outcome, reason=reason, text="", tapes=tapes, output={**outcome.output, **facts})


def passed(value: Any) -> Any:
    """All texts in it as they may be shown and kept. Raises Withheld."""
    return gates.passed_in(clean(value))


# --- what is read out of what a model wrote


def read_out(kind: str, text: str, asked: Facts) -> Facts:
    """As it may be shown and kept. Raises Withheld."""
    found: Facts = passed(READERS[kind](text, asked))
    return found


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
    written = acts.object_of(acts.json_of(text))
    try:
        score = acts.score_of(written.get("score"))
    except acts.NotAnAct:
        return {"points": [acts.one_line(text)]}
    given = written.get("points")
    points = [acts.one_line(one) for one in given if isinstance(one, str)] if isinstance(given, list) else []
    return {"score": score, "points": points[: acts.MOST]}


def decisions(text: str, asked: Facts) -> Facts:
    return {"decisions": disputes.choices_in(text, asked.get("disputes", []))}


READERS: dict[str, Callable[[str, Facts], Facts]] = {
    Kind.CONSULT: contribution,
    Kind.PLAN: plan,
    Kind.REVIEW: judgement,
    Kind.RESOLVE: decisions,
}
