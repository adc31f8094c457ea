"""What agents differ on, found in their acts and not in the goodwill of whoever speaks for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Now

from ..models import Dispute, Stance, Step, Task
from . import acts
from .work import Work, agent_of, name_of

MOST = 8
ALIKE = 0.6
"""The share of words in common from which two points are the same point."""
WORD = re.compile(r"\w{3,}")


@dataclass(slots=True)
class Point:
    """A point and where each agent stands on it, each one's last word."""

    words: str
    stances: dict[str, tuple[Stance, str]] = field(default_factory=dict)

    @property
    def is_disputed(self) -> bool:
        return len({stance for stance, _ in self.stances.values()}) > 1

    def is_like(self, words: str) -> bool:
        mine, other = telling(self.words), telling(words)
        return mine == other if not (mine and other) else len(mine & other) / len(mine | other) >= ALIKE

    def as_facts(self, number: int) -> dict[str, Any]:
        positions = [
            {"agent": agent, "stance": stance.value, "evidence": evidence}
            for agent, (stance, evidence) in self.stances.items()
        ]
        return {"number": number, "point": self.words, "positions": positions}


def telling(words: str) -> frozenset[str]:
    return frozenset(WORD.findall(words.casefold()))


def found_in(work: Work) -> list[dict[str, Any]]:
    """The disputed points of all rounds, in the order in which they came up."""
    points: list[Point] = []
    team = {name_of(step) for step in work.consults}
    for step in work.contributions:
        for act, stance in stances_in(step):
            hear(points, name_of(step), act, stance, team)
    return [point.as_facts(number) for number, point in enumerate(filter(lambda one: one.is_disputed, points), 1)][
        :MOST
    ]


def stances_in(step: Step) -> Iterator[tuple[dict[str, Any], Stance]]:
    for act in step.output.get("acts", []):
        if act["act"] in ("share", "agree"):
            yield act, Stance.AGREE
        elif act["act"] == "disagree":
            yield act, Stance.DISAGREE


def hear(points: list[Point], who: str, act: dict[str, Any], stance: Stance, team: set[str]) -> None:
    point = next((one for one in points if one.is_like(act["point"])), None)
    if point is None:
        points.append(point := Point(act["point"]))
    other = act.get("to", "")
    if other in team and other != who:
        point.stances.setdefault(other, (Stance.AGREE, ""))
    point.stances[who] = (stance, act.get("evidence", ""))


def keep(task: Task, disputes: Sequence[dict[str, Any]]) -> None:
    """The record that stays, whatever whoever speaks makes of it."""
    rows = [
        Dispute(task=task, number=one["number"], point=one["point"], positions=one["positions"]) for one in disputes
    ]
    Dispute.objects.bulk_create(rows, ignore_conflicts=True)


def keep_again(task: Task) -> None:
    """Of a run that is done again from where they had been found: its answer, too, has them beside it, with what was
    decided in the steps that were taken over."""
    found = Step.objects.filter(task=task, kind=Step.Kind.RESOLVE).select_related("agent__user", "task__agent__user")
    for step in found:
        keep(task, step.input.get("disputes", []))
        decide(step)


def hand_on(run: Task, to: Task) -> None:
    """As people have left them, for an answer that is made by that."""
    facts = ("number", "point", "positions", "chosen", "why", "decided_by_id", "decided_at", "earlier")
    rows = run.disputes.values(*facts)
    Dispute.objects.bulk_create(Dispute(task=to, **row) for row in rows)


def choices_in(text: str, disputes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decisions a model wrote; what names no dispute or no side is as if it had not."""
    written = acts.object_of(acts.json_of(text)).get("decisions")
    numbers = {one["number"] for one in disputes}
    found = {}
    for one in written if isinstance(written, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("dispute"), int):
            continue
        if one["dispute"] in numbers and one.get("chosen") in Stance.values:
            why = acts.words_of(one.get("why"), required=False)
            found[one["dispute"]] = {"dispute": one["dispute"], "chosen": one["chosen"], "why": why}
    return list(found.values())


def decide(step: Step) -> None:
    """Write down what the resolver chose. Those that it left out stay open."""
    for one in step.output.get("decisions", []):
        Dispute.objects.filter(task=step.task_id, number=one["dispute"], decided_at=None).update(
            chosen=one["chosen"], why=one["why"], decided_by=agent_of(step).user, decided_at=Now()
        )
