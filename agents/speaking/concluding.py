"""The end of a model's call: what came of it passes the gates as a whole before it is kept. No ORM in here."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ..llm.port import Finish, LLMError, ToolCall
from ..models import Reason
from ..outcomes import Outcome, broken, finished, refused_by
from ..tools.using import clean
from . import gates
from .gates import Window, Withheld
from .voice import showable

if TYPE_CHECKING:
    from .conversation import Conversation

UNNAMEABLE = re.compile(r"[^A-Za-z0-9_-]")
CALLS = 8
"""How many tools may be called at once; what a model calls beyond is as if it had not."""
LONGEST_ARGUMENTS = 16_001
"""One more than are read, so that what was cut is seen to be too long."""
TOO_DEEP = '"nested too deeply"'
"""Stands for arguments that could not be looked through; no tool takes it."""
LONGEST_NAME = 1_000
LONGEST_THOUGHTS = 4_000


async def concluded(talk: Conversation, finish: Finish) -> Outcome:
    """All has been said: the gates look at the whole once more before the end of it is shown, and all of it kept."""
    if talk.hush.is_silent and not talk.calls and not talk.has_spoken and finish.reason in ("stop", "length"):
        return Outcome(Reason.SILENT, usage=talk.spent())
    rest = await talk.voice.rest()
    try:
        calls = passable(talk.calls[:CALLS], {offer.name for offer in talk.request.tools})
        if calls and talk.request.may_call and talk.request.tools and finish.reason in ("stop", "tool_calls"):
            return going_on(talk, calls, rest)
        text = whole(talk.shown + rest)
    except Withheld as objection:
        return refused_by(objection.verdict, "", talk.spent())
    if text == talk.shown + rest and not talk.whole_review:
        await talk.voice.show(rest)
    if calls and finish.reason == "stop":
        finish = Finish("tool_calls", finish.usage)
    if finish.reason == "stop" and not talk.voice.heard.strip():
        return broken(LLMError("empty"), text, talk.spent())
    return replace(finished(finish, text, talk.spent()), output=thinking(talk))


def going_on(talk: Conversation, calls: tuple[ToolCall, ...], rest: str) -> Outcome:
    """Tools first. What the gates have not let go yet stays unsaid until it is known how the answer goes on."""
    text = whole(talk.shown)
    output = {"said": [len(talk.before), len(text)]} | thinking(talk)
    return Outcome(Reason.ANSWERED, text, usage=talk.spent(), calls=calls, output=output, unsaid=rest)


def whole(text: str) -> str:
    return gates.passed(Window(text, whole=True)) if text else ""


def thinking(talk: Conversation) -> dict[str, str]:
    """What the model said to itself, for those who look into the run. Nothing of it where a gate objects.

    Of a long one the gates see more than is kept, so that nothing is cut in two which they would have found.
    """
    text = showable("".join(talk.thoughts)[: 2 * LONGEST_THOUGHTS]).strip()
    further = sum(gates.reach_of(gate) for gate in gates.gates())
    seen = text[: LONGEST_THOUGHTS + further]
    try:
        kept = gates.passed(Window(seen, whole=True, thinking=True)) if seen else ""
    except Withheld:
        return {}
    if seen != text:
        kept = kept[:-further]
    return {"thinking": kept[:LONGEST_THOUGHTS]} if kept else {}


def passable(calls: list[ToolCall], known: Collection[str]) -> tuple[ToolCall, ...]:
    """Calls as they may be shown to people and told to a model again: with ids of their own, with names that are
    names, and with all of it seen by the gates but the names of tools it has. Raises Withheld."""
    made: dict[str, ToolCall] = {}
    for number, call in enumerate(calls, 1):
        id, given = f"call_{number}_{len(made)}", showable(call.id)[:64]
        if given and given not in made and passed(given) == given:
            id = given
        name = call.name if call.name in known else UNNAMEABLE.sub("_", passed(showable(call.name[:LONGEST_NAME])))
        made[id] = ToolCall(id, name[:64] or "_", unescaped(passed(showable(call.arguments[:LONGEST_ARGUMENTS]))))
    return tuple(made.values())


def unescaped(arguments: str) -> str:
    """Arguments of which the gates have also seen what people and tools are given: many models write what is not ASCII
    as escapes, in which no gate finds anything. Raises Withheld."""
    if "\\" not in arguments:
        return arguments
    try:
        given = clean(json.loads(arguments))
        told = gates.passed_in(given)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return arguments  # they are shown as they were written
    return arguments if told == given else json.dumps(told, ensure_ascii=False)


def passed(text: str) -> str:
    return gates.passed(Window(text, whole=True, arguments=True)) if text else ""
