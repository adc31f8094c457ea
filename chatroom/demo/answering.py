"""An agent's part in a script: laid out and ended like any run, but the words are known and no model is called."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from agents.models import Reason, Seat, Step
from agents.outcomes import Outcome
from agents.runs.claims import claim
from agents.runs.endings import end_step
from agents.runs.laying import lay
from agents.runs.life import RELATED
from rooms.models import Message, User

from .script import Act

if TYPE_CHECKING:
    from .telling import Telling

PACE = 90  # characters a second
LONGEST = timedelta(seconds=15)


def answer(telling: Telling, agent: User, act: Act) -> UUID:
    """The agent answers what was said last. No usage is written down: nothing was spent."""
    seat = Seat.objects.select_related("room", "agent__user").get(room=telling.room, agent__user=agent)
    question = Message.objects.select_related("author").get(pk=telling.question)
    task = lay(seat=seat, question=question, requester=question.author)
    if task is None or task.reply is None:
        raise ValueError(f"{agent} cannot answer here: {act.text[:40]}")
    telling.happened(act.at, events=2)
    step = Step.objects.select_related(*RELATED).get(task=task)
    taken = claim(step.pk)
    if taken is None or not end_step(step, taken.fence, Outcome(Reason.ANSWERED, act.text)):
        raise ValueError(f"the answer of {agent} could not be ended: {act.text[:40]}")
    telling.happened(act.at + min(LONGEST, timedelta(seconds=len(act.text) / PACE)), events=2)
    return task.reply.pk
