"""What a run has done with tools so far, as turns for the model: its calls, and what the tools answered, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from rooms.models import Message

from ..context.building import tellable
from ..llm.port import ToolCall, ToolOffer, Turn, count_tokens
from ..models import Agent, Coordination, Status, Step, Task
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
TAKEN_BACK = "Something that this had read was taken back."


@dataclass(frozen=True, slots=True)
class Rounds:
    """The tools offered, the calls and answers so far, what all that takes of the prompt; what was `said` on the way,
    and what the round before left `unsaid`."""

    offers: tuple[ToolOffer, ...] = ()
    turns: tuple[Turn, ...] = ()
    tokens: int = 0
    may_call: bool = True
    said: str = ""
    unsaid: str = ""


SPEAKING = (Step.Kind.COMPLETE, Step.Kind.CONSULT)
"""Whoever answers or contributes may call tools; plans, reviews and decisions are made of what is there."""


def rounds_of(task: Task, step: Step) -> Rounds:
    """For the next call of the model. Without tools it costs no query."""
    if not task.agent.tools or step.kind not in SPEAKING:
        return Rounds()
    return rounds_with(task, list(earlier(task, step)))


def rounds_with(task: Task, done: Sequence[Used]) -> Rounds:
    """After these uses, the oldest first."""
    agent = task.agent
    offers = offered(agent, task.seat.tools_off if task.seat else ())
    turns = tuple(turns_of(task, done, tokens_for_answers(task)))
    tokens = sum(cost_of_offer(offer) for offer in offers) + sum(cost_of(turn) for turn in turns)
    callers = list({used.needs_key: used.caller for used in done}.values())
    may_call = len(callers) < ROUNDS
    if not callers:
        return Rounds(offers, turns, tokens, may_call)
    return Rounds(offers, turns, tokens, may_call, said_by(task, callers[-1]), callers[-1].unsaid)


def tokens_for_answers(task: Task) -> int:
    """In a team what others said takes its part too."""
    parts = FOR_ANSWERS if task.pattern == Coordination.SEPARATE else 2 * FOR_ANSWERS
    return task.agent.max_prompt_tokens // parts


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
    """The uses on the way to this step; not those of others, nor of what the same agent contributed before. What was
    taken back since is not told."""
    done = Step.objects.filter(task=task, kind=Step.Kind.TOOL, status=Status.DONE, agent=step.agent_id)
    used = [Used(one, next(iter(one.needs.all()))) for one in done.prefetch_related("needs__needs")]
    if used:
        yield from as_it_may_be_told(task, way_to(step, used))


def as_it_may_be_told(task: Task, used: Sequence[Used]) -> Iterator[Used]:
    """An answer that was made of messages only while every reader may still read each of them: an approval can be
    waited for long after a tool has read them."""
    read = {id for one in used for id in one.step.read}
    question = task.trigger_message
    audience = None if question is None or question.visible_to is None else tuple(question.visible_to)
    there = Message.objects.filter(tellable(audience), pk__in=read) if read else Message.objects.none()
    left = set(there.values_list("pk", flat=True))
    for one in used:
        if not left.issuperset(one.step.read):
            one.step.output = {"error": TAKEN_BACK}
        yield one


def way_to(step: Step, used: Sequence[Used]) -> list[Used]:
    """Those of the uses that led to this step, round by round, in the order in which they were called."""
    by_step = {one.step.pk: one for one in used}
    found: list[Used] = []
    while last := [by_step[need.pk] for need in step.needs.all() if need.pk in by_step]:
        found[:0] = sorted(last, key=lambda one: one.step.input["number"])
        step = last[0].caller
    return found


def as_object(arguments: str) -> str:
    try:
        return orjson.dumps(object_in(arguments)).decode()
    except (BadArguments, orjson.JSONEncodeError):
        return "{}"


def turns_of(task: Task, done: Sequence[Used], tokens: int) -> Iterator[Turn]:
    """Each round: what the agent said with its calls, then the answers in order. Long answers share what there is."""
    share = tokens // max(1, len(done))
    callers = {used.caller.pk: used.caller for used in done}
    before = repeated = ""
    for caller in callers.values():
        mine = [used for used in done if used.caller.pk == caller.pk]
        body = said_by(task, caller)
        start = caller.output["said"][0] if "said" in caller.output else len(before)
        calls = tuple(used.call for used in mine)
        said = (body[start:] + caller.unsaid).removeprefix(repeated).strip()
        before, repeated = body, caller.unsaid
        yield Turn("assistant", said, name=task.agent.user.username, calls=calls)
        for used in mine:
            yield Turn("tool", answer_of(used.step, share), answers=used.step.input["call"])


def said_by(task: Task, caller: Step) -> str:
    """All of the answer, or of the contribution, up to the end of a step that called tools."""
    if caller.kind == Step.Kind.CONSULT:
        return str(caller.output.get("text", ""))
    return task.reply.body[: caller.output.get("said", [0, 0])[1]] if task.reply else ""


def answer_of(step: Step, tokens: int) -> str:
    """One JSON object, `{"result": …}` or `{"error": …}`; what is too long becomes the beginning of its text."""
    text = orjson.dumps(step.output).decode()
    most = max(0, tokens - PER_TURN) * 4
    if len(text.encode()) <= most:
        return text
    beginning = text.encode()[: most // 2].decode(errors="ignore")  # written as JSON again it may grow
    return orjson.dumps({"beginning": beginning + CUT}).decode()
