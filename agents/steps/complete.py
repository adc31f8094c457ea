"""A step that asks a model for an answer and writes it into the room as it comes."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from rooms import background
from rooms.errors import NotFound
from rooms.gates import MAX_BYTES
from rooms.models import Message

from ..context import building as context
from ..context.building import Context
from ..llm.port import Limits, Request
from ..models import Agent, Reason, Step, Task
from ..outcomes import Outcome
from ..runs.beginning import begin_at_once, remember
from ..runs.claims import Claim
from ..runs.laying import begin
from ..runs.status import Doing, Sign
from ..speaking.conversation import GRACE, Conversation
from ..speaking.conversing import converse
from ..together.material import material_of
from ..tools.rounds import Rounds, rounds_of
from .begun import Begun
from .calling import call_for
from .obstacles import obstacle

log = logging.getLogger(__name__)

END = 2**62


def complete(step: Step, claim: Claim) -> Begun:
    """Call the model; the answer runs on the process's event loop with those of all other runs."""
    task = step.task
    refusal = obstacle(task, claim.standing)
    if refusal is not None:
        return Begun.ended(refusal)
    sign = Sign.of(task)
    if task.reply is None:
        sign.tell(Doing.READING)
    rounds = rounds_of(task, step)
    work = material_of(step)
    told = context.build(task, question_of(task), rounds.tokens + work.tokens)
    work.add_to(told)
    told.turns.extend(rounds.turns)
    request = request_for(task, told, rounds)
    talk = call_for(step, claim, request, told, rounds)
    if isinstance(talk, Outcome):
        return Begun.ended(talk)
    sign.tell(Doing.THINKING)
    longest = request.deadlines.total + 2 * GRACE + 30
    meanwhile = partial(show, task, talk, claim, told)
    return Begun(background.submit(converse(talk)), meanwhile, longest, called=talk.called, wanted=talk.wanted)


def show(task: Task, talk: Conversation, claim: Claim, told: Context) -> None:
    """Everybody sees that the agent writes, while its model is being called. Where it cannot speak, it is stopped. One
    that may stay silent is not seen before it says something."""
    loop = background.loop()
    try:
        if talk.start is None and task.reply is None and (message := begin_at_once(task, claim, told)):
            loop.call_soon_threadsafe(talk.begin, message)
            return
        if talk.start is None:
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


def question_of(task: Task) -> Message:
    """What is answered; of a turn by schedule, a place behind all that has been said. A message is there by the
    construction of a task; only deleting rows by hand takes it away."""
    if task.trigger_message is None and task.slot is None:
        raise LookupError("a message of this run is gone")
    return task.trigger_message or Message(room=task.room, seq=END)
