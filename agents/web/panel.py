"""A run as its page shows it to one reader: the drawing of its steps, and each of them with what it took and gave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone

from ..access import ASK, needed_to_cancel
from ..inside.graph import Box, draw
from ..inside.provenance import Provenance, Source
from ..models import Reason, Status, Step
from .money import dollars

KINDS = {
    "complete": "Answer",
    "tool": "Tool",
    "consult": "Contribution",
    "plan": "Plan",
    "review": "Review",
    "resolve": "Decision",
}
STATES = {
    Status.WAITING: "waits",
    Status.RUNNING: "at work",
    Status.DONE: "done",
    Status.FAILED: "failed",
    Status.CANCELLED: "stopped",
    Status.INTERRUPTED: "broken off",
}
HELD = "waits for people"
WORDS = ("text", "answer", "words", "summary")
"""Where steps of several kinds keep what they said."""
INTERNAL = ("message", "said", "calls", "call", "number", "arguments", "taken_from", "forgotten", "goes_on")
LONGEST = 4_000

Facts = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """One step, as far as the reader may know it."""

    step: Step
    story: Provenance
    box: Box | None
    number: int

    @property
    def anchor(self) -> str:
        return f"step-{self.step.pk}"

    @property
    def kind(self) -> str:
        return KINDS[self.step.kind]

    @property
    def is_shown(self) -> bool:
        return self.story.shows_words_of(self.step)

    @property
    def title(self) -> str:
        if self.step.title and self.is_shown:
            return self.step.title
        return self.step.tool or self.kind

    @property
    def agent(self) -> str:
        return (self.step.agent or self.story.task.agent).user.name

    @property
    def state(self) -> str:
        if self.step.held and self.step.status == Status.WAITING:
            return HELD
        return "taken over" if "taken_from" in self.step.input else STATES[Status(self.step.status)]

    @property
    def seconds(self) -> str:
        began, ended = self.step.started_at, self.step.ended_at
        if began is None or (ended is None and self.step.status != Status.RUNNING):
            return ""
        return f"{((ended or timezone.now()) - began).total_seconds():.1f} s"

    @property
    def tokens(self) -> str:
        usages = self.step.usages.all()
        if not usages:
            return ""
        return f"{sum(one.prompt_tokens for one in usages)} + {sum(one.completion_tokens for one in usages)} tokens"

    @property
    def cost(self) -> str:
        micros = sum(one.cost_micros for one in self.step.usages.all())
        return dollars(micros) if micros else ""

    @property
    def facts(self) -> str:
        """What it took, in a line."""
        return " · ".join(filter(None, [self.state, self.seconds, self.tokens, self.cost]))

    @property
    def lines(self) -> list[str]:
        """For its box in the drawing, as much as it holds."""
        beside = " · ".join(filter(None, [self.kind if self.title != self.kind else "", self.agent]))
        state = " · ".join(filter(None, [self.state, self.seconds]))
        took = " · ".join(filter(None, [self.tokens, self.cost]))
        return [cut(self.title, 25), cut(beside, 32), cut(state, 32), cut(took, 34)]

    @property
    def error(self) -> str:
        known = self.step.error.partition(".")[0]
        return str(Reason(known).label) if known in Reason.values else self.step.error

    # --- what it was given

    @cached_property
    def sources(self) -> list[Source]:
        return [source for id in self.step.read if (source := self.story.source(id))]

    @property
    def unseen(self) -> int:
        return len(self.step.read) - len(self.sources)

    @property
    def given(self) -> str:
        """A tool's arguments; for other kinds whatever they were given as data."""
        if not self.is_shown:
            return ""
        return pretty(self.step.input.get("arguments") or without_internals(self.step.input))

    # --- what came of it

    @property
    def said(self) -> str:
        """Its part of the answer, or what it said to the other agents."""
        if not self.is_shown:
            return ""
        words = next((self.step.output[name] for name in WORDS if isinstance(self.step.output.get(name), str)), "")
        return clipped(words or self._part_of_the_answer())

    def _part_of_the_answer(self) -> str:
        reply = self.story.message
        if self.step.kind not in (Step.Kind.COMPLETE, Step.Kind.RESOLVE) or reply is None or not self.step.ended_at:
            return ""
        if "said" in self.step.output:
            start, end = self.step.output["said"]
            return reply.body[start:end].strip()
        ends = [one.output["said"][1] for one in self.story.steps if "said" in one.output]
        is_last = all(self.step.pk not in {need.pk for need in one.needs.all()} for one in self.story.steps)
        return reply.body[max(ends, default=0) :].strip() if is_last else ""

    @property
    def result(self) -> str:
        """Whatever else came of it, as data."""
        if not self.is_shown:
            return ""
        found = without_internals(self.step.output)
        if self.step.kind == Step.Kind.TOOL:
            return pretty(found.get("error") or (found.get("result") if self.keeps_result else ""))
        return pretty({name: value for name, value in found.items() if name not in WORDS})

    @property
    def keeps_result(self) -> bool:
        return "result" in self.step.output and self.story.shows_result_of(self.step)

    @property
    def result_is_gone(self) -> bool:
        """What a tool read in the room is not kept: the ids say it."""
        done = self.step.kind == Step.Kind.TOOL and self.step.status == Status.DONE
        return done and not (self.keeps_result or "error" in self.step.output)

    @property
    def calls(self) -> list[Facts]:
        """The calls of models it took: routes, deployments, fallbacks."""
        found = self.step.output.get("calls", []) if self.is_shown else []
        return [call for call in found if isinstance(call, dict)]

    @property
    def calls_told(self) -> list[tuple[Facts, int]]:
        return told_once(self.calls)


@dataclass(frozen=True)
class Line:
    path: str
    is_done: bool


@dataclass(frozen=True)
class Panel:
    story: Provenance
    nodes: list[Node]
    lines: list[Line]
    width: float
    height: float
    may_stop: bool
    may_ask: bool

    @property
    def is_live(self) -> bool:
        return self.story.task.is_live

    @property
    def held(self) -> list[Step]:
        return [node.step for node in self.nodes if node.step.held and node.step.status == Status.WAITING]

    @property
    def has_plan_to_decide(self) -> bool:
        """Steps that wait until somebody has looked at the plan they are of; tools have cards of their own."""
        return self.is_live and any(step.kind != Step.Kind.TOOL for step in self.held)

    @property
    def may_redo(self) -> bool:
        reply = self.story.message
        return self.may_stop and self.may_ask and not self.is_live and not (reply and reply.is_recalled)

    @property
    def took(self) -> str:
        task = self.story.task
        return seconds_between(task.started_at, task.ended_at)

    @property
    def cost(self) -> str:
        return dollars(self.story.cost_micros)

    @property
    def ending(self) -> str:
        task = self.story.task
        if self.is_live and self.held:
            return HELD
        return str(Reason(task.reason).label) if task.reason else STATES[Status(task.status)]


def panel_of(story: Provenance, user: Any) -> Panel:
    task = story.task
    by_id: dict[UUID, Step] = {step.pk: step for step in sorted(story.steps, key=in_order)}
    drawing = draw({id: [one.pk for one in step.needs.all()] for id, step in by_id.items()})
    order = [*drawing.boxes, *(id for id in by_id if id not in drawing.boxes)]
    nodes = [Node(by_id[id], story, drawing.boxes.get(id), place) for place, id in enumerate(order, 1)]  # type: ignore[index]
    done = {id for id, step in by_id.items() if step.status == Status.DONE}
    lines = [Line(path, edge[0] in done) for edge, path in drawing.lines.items()]
    may_stop = user.has_perm(needed_to_cancel(user, task), task.room)
    return Panel(story, nodes, lines, drawing.width, drawing.height, may_stop, user.has_perm(ASK, task.room))


def told_once(calls: Iterable[Facts]) -> list[tuple[Facts, int]]:
    """Calls as people read them, without what says nothing; the same one twice is told once, with how often."""
    found: list[tuple[Facts, int]] = []
    for call in calls:
        facts = {name: value for name, value in call.items() if value not in ("", None, [])}
        same = next((place for place, (other, _) in enumerate(found) if other == facts), None)
        if same is None:
            found.append((facts, 1))
        else:
            found[same] = facts, found[same][1] + 1
    return found


def in_order(step: Step) -> tuple[int, UUID]:
    """Tools as they were called, anything else as it was laid out."""
    return int(step.input.get("number") or 0), step.pk


def without_internals(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in INTERNAL}


def pretty(data: Any) -> str:
    if data in (None, "", {}, []):
        return ""
    return clipped(data if isinstance(data, str) else orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"


def seconds_between(began: datetime | None, ended: datetime | None) -> str:
    return f"{(ended - began).total_seconds():.1f}" if began and ended else ""
