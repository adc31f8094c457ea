"""A step that asks a model for an answer and writes it into the room as it comes."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

import orjson
from django.conf import settings

from rooms import background, prepared
from rooms.errors import NotFound
from rooms.gates import MAX_BYTES
from rooms.models import Message

from .. import budgets, context
from ..budgets import Call
from ..claims import Claim
from ..context import Context
from ..conversation import GRACE, Conversation, converse
from ..laying import begin
from ..llm.port import Limits, Request, backend_for
from ..models import Agent, Reason, Step, Task
from ..outcomes import Outcome
from ..together.material import material_of
from ..together.work import TOGETHER
from ..tools.rounds import Rounds, rounds_of
from .begun import Begun
from .obstacles import is_member, obstacle

log = logging.getLogger(__name__)

SCRIPTED = "agents.llm.scripted.Scripted"


def complete(step: Step, claim: Claim) -> Begun:
    """Call the model; the answer runs on the process's event loop with those of all other runs."""
    task, leased = step.task, time.monotonic()
    refusal = obstacle(task)
    if refusal is not None:
        return Begun.ended(refusal)
    rounds = rounds_of(task, step)
    work = material_of(step)
    told = context.build(task, present(task.trigger_message), rounds.tokens + work.tokens)
    work.add_to(told)
    told.turns.extend(rounds.turns)
    request = request_for(task, told, rounds)
    verdict = budgets.screen(Call(task, step, request, told.tokens))
    if verdict is not None:
        return Begun.ended(Outcome(Reason.LIMITED, notice=verdict.reason, error=f"gate.{verdict.rule}"[:32]))
    talk = conversation_for(step, claim, request, leased)
    talk.aside = step.kind in TOGETHER
    longest = request.deadlines.total + 2 * GRACE + 30
    return Begun(background.submit(converse(talk)), partial(show, task, talk, claim, told), longest)


def show(task: Task, talk: Conversation, claim: Claim, told: Context) -> None:
    """Everybody sees that the agent writes, while its model is being called. Where it cannot speak, it is stopped."""
    loop = background.loop()
    try:
        loop.call_soon_threadsafe(talk.begin, task.reply or begin(task))
        remember(claim, told)
    except NotFound:
        loop.call_soon_threadsafe(talk.stop, Reason.UNSEATED)
    except Exception:
        log.exception("the answer of run %s could not be begun", task.pk)
        loop.call_soon_threadsafe(talk.stop, Reason.ERROR)


def request_for(task: Task, told: Context, rounds: Rounds) -> Request:
    """The call, with nothing in it that names a person: the provider gets an opaque id of the asker."""
    agent = task.agent
    return Request(
        model=agent.model_name,
        turns=tuple(told.turns),
        params=params_of(agent),
        deadlines=agent.deadlines,
        limits=Limits(max_chars=MAX_BYTES),
        user=f"u{task.requester_id}",
        metadata={"run": str(task.pk), "room": task.room_id},
        tools=rounds.offers,
        may_call=rounds.may_call,
    )


def params_of(agent: Agent) -> dict[str, Any]:
    """Addresses and keys are the house's, from the environment; an agent's own parameters cannot name any."""
    return {**agent.parameters, "max_tokens": agent.max_reply_tokens}


def backend_path(model: str) -> str:
    return SCRIPTED if model.startswith("scripted") else settings.LLM_BACKEND


def conversation_for(step: Step, claim: Claim, request: Request, leased: float) -> Conversation:
    path = backend_path(request.model)
    return Conversation(
        step_id=step.pk,
        fence=claim.fence,
        name=step.task.agent.user.name,
        backend=backend_for(path),
        request=request,
        breaker=f"{path.rpartition('.')[2]}:{request.model}"[:200],
        leased=leased,
        before=step.task.reply.body if step.task.reply else "",
        by_membership=is_member(step.task),
    )


def present(message: Message | None) -> Message:
    """For messages that are there by the construction of a task; only deleting rows by hand takes them away."""
    if message is None:
        raise LookupError("a message of this run is gone")
    return message


REMEMBER = """
    WITH kept AS (
        INSERT INTO agents_prompt (sha256, template, parts, created_at)
        SELECT %(prompt)s::varchar, %(template)s::text, %(parts)s::jsonb, now() WHERE %(prompt)s::varchar IS NOT NULL
        ON CONFLICT DO NOTHING
    )
    UPDATE agents_step SET prompt_id = %(prompt)s::varchar, prompt_sha256 = %(sha256)s, prompt_tokens = %(tokens)s,
           read = %(read)s::uuid[]
     WHERE id = %(step)s AND fence = %(fence)s
"""


def remember(claim: Claim, told: Context) -> None:
    """Which instructions and which messages this prompt was made of. Written while the model thinks."""
    used = told.instructions
    params: dict[str, Any] = {
        "step": claim.step_id,
        "fence": claim.fence,
        "prompt": used and used.sha256,
        "template": used and used.template,
        "parts": orjson.dumps(used.parts).decode() if used else None,
        "sha256": told.sha256,
        "tokens": told.tokens,
        "read": told.read,
    }
    prepared.execute(REMEMBER, params)
