"""What comes when nothing is under way any more: another round, what was judged badly once more, a review, a decision,
and at last the step in which one speaks for all. Each lays out its own steps, or says that it has none."""

from __future__ import annotations

from collections.abc import Callable

from ..models import Coordination, Step
from . import disputes
from .talking import another_round, why_enough
from .work import Kind, Work, lay, name_of

Stage = Callable[[Work], bool]
"""Lays out what comes next; False when this has nothing to lay out."""
BAD = 2
"""A review's score at which the work goes back, once."""


def review(work: Work) -> bool:
    """The lead judges what the others said last, where that is wished for."""
    if work.those(Kind.REVIEW) or work.is_out_of_means or not any(one.input.get("reviewed") for one in work.steps):
        return False
    others = [one for one in work.latest if one.agent_id != work.task.agent_id]
    made = [
        Step(
            task=work.task,
            kind=Kind.REVIEW,
            agent=work.task.agent,
            title=f"Of {name_of(one)}",
            input={"of": str(one.pk), "number": number},
        )
        for number, one in enumerate(others)
    ]
    return lay(work, made)


def send_back(work: Work) -> bool:
    """Work that was judged badly is done again, once, whatever is thought of it then."""
    if work.is_out_of_means or any("redo" in one.input for one in work.consults):
        return False
    bad = {one.input["of"] for one in work.those(Kind.REVIEW) if one.output.get("score", BAD + 1) <= BAD}
    again = [
        Step(
            task=work.task,
            kind=Kind.CONSULT,
            agent=one.agent,
            title=one.title,
            input={**one.input, "redo": str(one.pk)},
        )
        for one in work.consults
        if str(one.pk) in bad
    ]
    return lay(work, again)


def resolve(work: Work) -> bool:
    """Who speaks decides what was disputed, before speaking, and so that it can be seen."""
    if work.those(Kind.RESOLVE) or work.is_out_of_means:
        return False
    found = disputes.found_in(work)
    if not found:
        return False
    disputes.keep(work.task, found)
    return lay(work, [Step(task=work.task, kind=Kind.RESOLVE, agent=work.task.agent, input={"disputes": found})])


def speak(work: Work) -> bool:
    ended_by = why_enough(work) if work.task.pattern == Coordination.COLLABORATIVE else ""
    return lay(work, [Step(task=work.task, kind=Kind.COMPLETE, input={"ended_by": ended_by} if ended_by else {})])


STAGES: tuple[Stage, ...] = (another_round, send_back, review, resolve, speak)
