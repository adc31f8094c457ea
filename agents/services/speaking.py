from __future__ import annotations

from functools import partial

from django.db import transaction

from rooms.errors import Conflict
from rooms.models import Message, User
from rooms.services.messages import lock_room

from ..models import Seat, Status, Step, Task
from ..models.task import LIVE
from ..money import asks
from ..runs.laying import lay, next_attempt
from ..together import disputes
from ..together.work import Kind
from .disputes import decision_of
from .groups import check_one_more, first_of
from .runs import queue_steps


def speak_again(*, run: Task, by: User) -> Task:
    """Another answer from what the agents contributed, by the decisions as people have left them. Nobody else is asked
    again; the first answer stays as it is."""
    with transaction.atomic():
        asks.take(by, run.room)
        lock_room(run.room)
        check_one_more(run)
        worked = run.made_from or run
        question = question_of(worked)
        seat = Seat.objects.select_related("agent__user", "room").filter(room=run.room, agent=run.agent).first()
        if seat is None or not seat.agent.enabled:
            raise Conflict("The agent is not in this room any more.")
        task = lay(
            seat=seat,
            question=question,
            requester=by,
            attempt=next_attempt(run),
            root=run.root_message,
            plan=partial(first_steps, decisions_on(run)),
            pattern=run.pattern,
            alternative_of=first_of(run),
            made_from=worked,
        )
        if task is None:
            raise Conflict("The agent cannot answer here, or somebody has asked for it at this moment.")
        disputes.hand_on(run, task)
        transaction.on_commit(partial(queue_steps, task.pk), robust=True)
    return task


def question_of(run: Task) -> Message:
    again = Task.objects.filter(trigger_message=run.trigger_message_id, agent=run.agent_id)
    if run.status != Status.DONE or not run.steps.filter(kind=Kind.CONSULT, status=Status.DONE).exists():
        raise Conflict("There are no contributions that an answer could be made of.")
    if again.filter(status__in=LIVE).exists():
        raise Conflict("An answer is being written.")
    question = run.trigger_message
    if question is None or question.is_recalled or run.reply is None or run.reply.is_recalled:
        raise Conflict("The question or the answer was taken back.")
    return question


def decisions_on(run: Task) -> list[dict[str, object]]:
    decided = run.disputes.select_related("decided_by").exclude(decided_at=None)
    return [{"dispute": one.number, **decision_of(one)} for one in decided]


def first_steps(decisions: list[dict[str, object]], task: Task) -> list[Step]:
    return [Step.objects.create(task=task, kind=Kind.COMPLETE, input={"decisions": decisions})]
