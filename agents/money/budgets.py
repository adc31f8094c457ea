"""Asked before a step of an agent calls its model. The gates are named in `settings.STEP_GATES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from rooms.gates import ALLOW, Verdict, Weight

from ..llm.port import Request
from ..models import Step, Task


@dataclass(frozen=True, slots=True)
class Call:
    """A model call about to be made. `prompt_tokens` is an estimate."""

    task: Task
    step: Step
    request: Request
    prompt_tokens: int


Gate = Callable[[Call], Verdict]


def screen(call: Call) -> Verdict | None:
    """The first verdict that stops the call, or None. Gates may read the database: this runs in a thread of its own."""
    for gate in gates():
        verdict = gate(call)
        if verdict.weight >= Weight.HOLD:
            return verdict
    return None


@cache
def gates() -> tuple[Gate, ...]:
    return tuple(import_string(name) for name in settings.STEP_GATES)


def within_limits(call: Call) -> Verdict:
    """The agent's own limits on a call: tokens told to the model and tokens asked of it."""
    agent = call.task.agent
    if call.prompt_tokens > agent.max_prompt_tokens:
        return too_much(f"{call.prompt_tokens} tokens to read, where {agent.max_prompt_tokens} are allowed")
    wanted = call.request.params.get("max_tokens", 0)
    if not 0 < wanted <= agent.max_reply_tokens:
        return too_much(f"{wanted or 'unlimited'} tokens to write, where {agent.max_reply_tokens} are allowed")
    return ALLOW


def too_much(what: str) -> Verdict:
    return Verdict(Weight.REFUSE, rule="limits", reason=f"This question is too large for the agent: {what}.")
