"""What a run has done with tools so far, as turns for the model: its calls, and what the tools answered, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ..llm.port import ToolCall, ToolOffer, Turn, count_tokens
from ..models import Agent, Status, Step, Task
from .registry import tools_named
from .schema import BadArguments, object_in

ROUNDS = 5
"""How often tools may be called on the way to one answer; then the model has to come to an end without."""
PER_TURN = 4
FOR_TOOLS = 4
"""Telling of tools may take a fourth of an agent's prompt …"""
FOR_ANSWERS = 2
"""… and what they answered a half."""
CUT = " […]"


@dataclass(frozen=True, slots=True)
class Rounds:
    """The tools offered, the calls and answers so far, what all that takes of the prompt, and what the round before
    left `unsaid`."""

    offers: tuple[ToolOffer, ...] = ()
    turns: tuple[Turn, ...] = ()
    tokens: int = 0
    may_call: bool = True
    unsaid: str = ""


def rounds_of(task: Task, step: Step) -> Rounds:
    """For the next call of the model. Without tools it costs no query."""
    agent = task.agent
    if not agent.tools or step.kind != Step.Kind.COMPLETE:
        return Rounds()
    offers = offered(agent, task.seat.tools_off if task.seat else ())
    done = list(earlier(task, step))
    turns = tuple(turns_of(task, done, agent.max_prompt_tokens // FOR_ANSWERS))
    tokens = sum(cost_of_offer(offer) for offer in offers) + sum(cost_of(turn) for turn in turns)
    callers = {used.needs_key: used.caller for used in done}
    unsaid = list(callers.values())[-1].unsaid if callers else ""
    return Rounds(offers, turns, tokens, may_call=len(callers) < ROUNDS, unsaid=unsaid)


def offered(agent: Agent, off: Collection[str] = ()) -> tuple[ToolOffer, ...]:
    """Tools that this agent has, that are not off in its room and work on this machine; as many as fit the prompt."""
    offers: list[ToolOffer] = []
    free = agent.max_prompt_tokens // FOR_TOOLS
    for tool in tools_named([name for name in agent.tools if name not in off]):
        free -= cost_of_offer(tool.offer)
        if free >= 0 and not tool.off():
            offers.append(tool.offer)
    return tuple(offers)


def cost_of_offer(offer: ToolOffer) -> int:
    return count_tokens("", f"{offer.name} {offer.description} {orjson.dumps(offer.schema).decode()}") + PER_TURN


def cost_of(turn: Turn) -> int:
    return count_tokens("", turn.content + "".join(call.name + call.arguments for call in turn.calls)) + PER_TURN


@dataclass(frozen=True, slots=True)
class Used:
    """A step of the kind *tool* that is done, with the step that called it."""

    step: Step
    caller: Step

    @property
    def needs_key(self) -> Any:
        return self.caller.pk

    @property
    def call(self) -> ToolCall:
        """As it may be told again: providers refuse a conversation in which arguments are no JSON."""
        return ToolCall(self.step.input["call"], self.step.tool, as_object(self.step.input["arguments"]))


def earlier(task: Task, step: Step) -> Iterator[Used]:
    steps = Step.objects.filter(task=task, kind=Step.Kind.TOOL, status=Status.DONE).prefetch_related("needs")
    used = [Used(one, next(iter(one.needs.all()))) for one in steps]
    yield from sorted(used, key=lambda one: (one.caller.started_at, one.step.input["number"]))


def as_object(arguments: str) -> str:
    try:
        return orjson.dumps(object_in(arguments)).decode()
    except (BadArguments, orjson.JSONEncodeError):
        return "{}"


def turns_of(task: Task, done: Sequence[Used], tokens: int) -> Iterator[Turn]:
    """Each round: what the agent said with its calls, then the answers in order. Long answers share what there is."""
    body = task.reply.body if task.reply else ""
    share = tokens // max(1, len(done))
    callers = {used.caller.pk: used.caller for used in done}
    repeated = ""
    for caller in callers.values():
        mine = [used for used in done if used.caller.pk == caller.pk]
        start, end = caller.output.get("said", [0, 0])
        calls = tuple(used.call for used in mine)
        said, repeated = (body[start:end] + caller.unsaid).removeprefix(repeated).strip(), caller.unsaid
        yield Turn("assistant", said, name=task.agent.user.username, calls=calls)
        for used in mine:
            yield Turn("tool", answer_of(used.step, share), answers=used.step.input["call"])


def answer_of(step: Step, tokens: int) -> str:
    """One JSON object, `{"result": …}` or `{"error": …}`; what is too long becomes the beginning of its text."""
    text = orjson.dumps(step.output).decode()
    most = max(0, tokens - PER_TURN) * 4
    if len(text.encode()) <= most:
        return text
    beginning = text.encode()[: most // 2].decode(errors="ignore")  # written as JSON again it may grow
    return orjson.dumps({"beginning": beginning + CUT}).decode()
