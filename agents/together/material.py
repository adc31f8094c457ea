"""What a step of several agents' work is told besides the conversation: its part, and what others said, as data.

The instructions get a section of the house's own that names no word of anybody. Everything that was said goes into one
JSON object after the conversation, `{"work": …}`: nobody in the room can write one, since their words arrive inside
`{"from": …, "text": …}`. It is made only of what the step stands on, so that it can be built again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from ..context.building import Context
from ..context.instructions import Instructions
from ..llm.port import Turn, count_tokens
from ..models import Coordination, Step
from .sections import SECTIONS
from .work import Kind, Work, name_of, names_in

PER_TURN = 4
FOR_WORK = 2
"""What others said may take a half of an agent's prompt; long contributions share it."""
CUT = " […]"


@dataclass(frozen=True, slots=True)
class Material:
    """A section for the instructions, and the turn after the conversation; nothing where an agent works alone."""

    section: str = ""
    turn: Turn | None = None

    @property
    def tokens(self) -> int:
        if self.turn is None:
            return 0
        return count_tokens("", self.section) + count_tokens("", self.turn.content) + PER_TURN

    def add_to(self, told: Context) -> None:
        """What it takes was reserved in the budget before."""
        if self.turn is None:
            return
        if told.instructions is not None:
            told.instructions = with_section(told.instructions, self.section)
            told.turns[0] = Turn("system", told.instructions.text)
        told.turns.append(self.turn)


def with_section(told: Instructions, section: str) -> Instructions:
    return replace(told, template=told.template + section)


def material_of(step: Step) -> Material:
    """For a step as its own agent sees it (`as_its_agent`). No query for an agent that answers alone."""
    if step.task.pattern == Coordination.SEPARATE:
        return Material()
    work = Work.of(step.task)
    facts = facts_for(step, work.before(step), step.task.agent.max_prompt_tokens // for_work(step))
    return Material(SECTIONS[step.kind], Turn("user", orjson.dumps({"work": facts}).decode()))


def for_work(step: Step) -> int:
    """Of one who may call tools, they and what they answer take a half (`tools.rounds`)."""
    return 2 * FOR_WORK if step.task.agent.tools else FOR_WORK


def facts_for(step: Step, known: Work, tokens: int) -> dict[str, Any]:
    match step.kind:
        case Kind.PLAN:
            facts = part_of_planner(step, known, tokens)
        case Kind.REVIEW:
            facts = part_of_reviewer(step, known, tokens)
        case Kind.RESOLVE:
            facts = {"disputes": step.input.get("disputes", [])}
        case Kind.CONSULT:
            facts = part_of_contributor(step, known, tokens)
        case _:
            facts = part_of_speaker(step, known, tokens)
    return {"kind": step.kind, **{name: value for name, value in facts.items() if value}}


def part_of_contributor(step: Step, known: Work, tokens: int) -> dict[str, Any]:
    asked = step.input
    return {
        "title": step.title,
        "part": asked.get("instruction", ""),
        "round": asked.get("round", 0),
        "remarks": remarks_on(step, known),
        **said_so_far(known, tokens),
    }


def part_of_planner(step: Step, known: Work, tokens: int) -> dict[str, Any]:
    return {"agents": step.input.get("team", []), "wrong": step.input.get("wrong", ""), **said_so_far(known, tokens)}


def part_of_reviewer(step: Step, known: Work, tokens: int) -> dict[str, Any]:
    judged = next((one for one in known.consults if str(one.pk) == step.input.get("of")), None)
    return {"contribution": told_of(judged, tokens) if judged else None}


def part_of_speaker(step: Step, known: Work, tokens: int) -> dict[str, Any]:
    """Also of one who speaks again about contributions of an earlier run, with decisions that people made since."""
    if step.task.made_from is not None:
        known = Work.of(step.task.made_from)
    return {
        **said_so_far(known, tokens),
        "disputes": disputes_in(known, step.input.get("decisions")),
        "ended_by": step.input.get("ended_by", ""),
    }


def said_so_far(known: Work, tokens: int) -> dict[str, Any]:
    said = [told_of(one, tokens) for one in known.latest]
    return {"contributions": shared_out(said, tokens), "failed": list(names_in(known.failures))}


def told_of(step: Step, tokens: int) -> dict[str, Any]:
    return {
        "from": name_of(step),
        **({"title": step.title} if step.title else {}),
        "text": shortened(str(step.output.get("text", "")), tokens),
        "acts": step.output.get("acts", []),
    }


def shared_out(said: Sequence[dict[str, Any]], tokens: int) -> list[dict[str, Any]]:
    """All of them, each within its share; where acts alone are too long they are left out."""
    share = tokens // max(1, len(said))
    return [cut(one, share) for one in said]


def cut(one: dict[str, Any], tokens: int) -> dict[str, Any]:
    bare = {**one, "text": ""}
    if cost_of(bare) > tokens // 2:
        bare["acts"] = []
    return {**bare, "text": shortened(one["text"], tokens - cost_of(bare))}


def cost_of(facts: dict[str, Any]) -> int:
    return count_tokens("", orjson.dumps(facts).decode())


def shortened(text: str, tokens: int) -> str:
    bytes = max(0, tokens) * 3  # written as JSON it may grow
    encoded = text.encode()
    return text if len(encoded) <= bytes else encoded[:bytes].decode(errors="ignore") + CUT


def remarks_on(step: Step, known: Work) -> dict[str, Any]:
    """Of whoever judged the first try, where this is the second."""
    first = next((one for one in known.consults if str(one.pk) == step.input.get("redo")), None)
    judged = next((one for one in known.those(Kind.REVIEW) if one.input.get("of") == step.input.get("redo")), None)
    if first is None or judged is None:
        return {}
    return {"yours": first.output.get("text", ""), "points": judged.output.get("points", [])}


def disputes_in(known: Work, decisions: Sequence[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """As they were found, with what the resolver chose then: people who flip one do not change a run's own prompt. One
    who speaks again has the `decisions` as they stood by then."""
    found = next(iter(known.those(Kind.RESOLVE)), None)
    if found is None:
        return []
    chosen = {one["dispute"]: one for one in (found.output.get("decisions", []) if decisions is None else decisions)}
    return [
        {**dispute, **decision(chosen.get(dispute["number"], {}), name_of(found))}
        for dispute in found.input.get("disputes", [])
    ]


def decision(found: dict[str, Any], by: str) -> dict[str, Any]:
    if not found:
        return {}
    return {"chosen": found["chosen"], "why": found.get("why", ""), "decided_by": found.get("by", by)}
