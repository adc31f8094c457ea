"""From a prompt to a conversation that may be had: gates, places, money. For every step that asks a model."""

from __future__ import annotations

from functools import partial

from .. import money
from ..context.building import Context
from ..context.occasions import is_volunteer
from ..llm.port import Request
from ..models import Reason, Step, Task
from ..money import budgets
from ..money.budgets import Call
from ..outcomes import Outcome, held_back_by
from ..routing.routes import candidates_for
from ..runs.claims import Claim
from ..runs.laying import begin
from ..runs.status import Sign
from ..speaking.conversation import Conversation
from ..speaking.hush import Hush
from ..together.work import TOGETHER
from ..tools.rounds import Rounds


def call_for(step: Step, claim: Claim, request: Request, told: Context, rounds: Rounds) -> Conversation | Outcome:
    """A conversation ready to begin, with what it may cost set aside; else how the step ends without one."""
    task = step.task
    verdict = budgets.screen(Call(task, step, request, told.tokens))
    if verdict is not None:
        return held_back_by(verdict, words_before(task))
    places = candidates_for(task.agent, request)
    reserved = money.reserve(step, claim, request, places)
    if isinstance(reserved, money.Refusal):
        return Outcome(Reason.BUDGET, words_before(task), reserved.sentence)
    aside = step.kind in TOGETHER
    may_be_silent = step.kind == Step.Kind.COMPLETE and task.reply is None and is_volunteer(task)
    return Conversation(
        step_id=step.pk,
        fence=claim.fence,
        name=task.agent.user.name,
        request=reserved.request,
        candidates=reserved.places,
        lease=claim.lease,
        before=rounds.said if aside else words_before(task),
        aside=aside,
        by_membership=claim.standing.by_membership,
        unsaid=rounds.unsaid,
        whole_review=claim.standing.whole_review,
        purse=reserved.purse,
        hush=Hush(allowed=may_be_silent),
        sign=Sign.of(task),
        start=partial(begin, task) if may_be_silent else None,
    )


def words_before(task: Task) -> str:
    """What earlier steps of the run have said."""
    return task.reply.body if task.reply else ""
