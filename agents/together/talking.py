"""Agents that talk in rounds: another one until they agree, or may not go on."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import Coordination, Status, Step
from .work import Kind, Work, agent_of, lay


def another_round(work: Work) -> bool:
    if work.task.pattern != Coordination.COLLABORATIVE or work.those(Kind.REVIEW) or why_enough(work):
        return False
    now = this_round(work)
    again = [
        Step(
            task=work.task,
            kind=Kind.CONSULT,
            agent=agent_of(one),
            title=one.title,
            input={**one.input, "round": one.input["round"] + 1},
        )
        for one in now
        if one.status == Status.DONE
    ]
    return lay(work, again)


def why_enough(work: Work) -> str:
    """Why there is no further round; nothing when there is."""
    now = this_round(work)
    number = now[0].input["round"] if now else 0
    if work.is_out_of_means:
        return "means"
    if number > 1 and agreed(now):
        return "consensus"
    if number >= (now[0].input.get("rounds", 1) if now else 0):
        return "rounds"
    return "" if sum(one.status == Status.DONE for one in now) > 1 else "one left"


def this_round(work: Work) -> list[Step]:
    talk = [one for one in work.consults if "round" in one.input and "redo" not in one.input]
    last = max((one.input["round"] for one in talk), default=0)
    return [one for one in talk if one.input["round"] == last]


def agreed(steps: Sequence[Step]) -> bool:
    """Everybody who spoke agreed, and nobody disagreed. Who took no stance has not agreed."""
    stances = [{act["act"] for act in one.output.get("acts", [])} for one in steps if one.status == Status.DONE]
    return bool(stances) and all("agree" in each and "disagree" not in each for each in stances)
