"""Another answer beside the first, and the same question in other words. What was said stays as it was said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from rooms.errors import Conflict, Forbidden, NotFound
from rooms.events import record
from rooms.models import Message, User
from rooms.services.copying import copies_of
from rooms.services.messages import STANDING, lock_room, locked, post_message
from rooms.services.posting import Posted

from ..models import Agent, Branch, Coordination, Seat, Task
from ..money import asks
from ..runs.laying import begin, lay_rows, next_attempt_of
from .groups import check_one_more, first_of
from .runs import queue_steps
from .speaking import speak_again


def regenerate(*, run: Task, by: User, agent: Agent | None = None) -> Task:
    """Another answer to the same question, by the same agent or another one that sits here. Who asks for it is its
    requester. The room is locked first, so that of two who ask at once the second finds the first's run.

    What several agents have worked on is said again from what they contributed.
    """
    if agent is None and run.pattern != Coordination.SEPARATE:
        return speak_again(run=run, by=by)
    with transaction.atomic():
        asks.take(by, run.room)
        lock_room(run.room)
        agent = agent or run.agent
        check_one_more(run)
        question, seat = may_be_answered_again(run, agent)
        attempt = next_attempt_of(agent.pk, question.pk)
        task = lay_rows(seat, question, by, attempt, run.root_message)[0].task
        task.alternative_of, task.depth = first_of(run), run.depth
        task.save(update_fields=["alternative_of", "depth"])
        begin_beside(task)
        transaction.on_commit(partial(queue_steps, task.pk), robust=True)
    return task


def begin_beside(task: Task) -> Message:
    """Everybody sees that another answer comes. Raises Conflict when the agent cannot speak there."""
    try:
        return begin(task)
    except NotFound:
        raise Conflict("The agent cannot answer here.") from None


def may_be_answered_again(run: Task, agent: Agent) -> tuple[Message, Seat]:
    """The question and the agent's seat as they are now. Raises Conflict saying what is in the way."""
    question = Message.objects.select_related("author").filter(tasks=run).first()
    if question is None or question.is_recalled or question.state == Message.State.HELD:
        raise Conflict("The question was taken back.")
    seat = Seat.objects.select_related("room", "agent__user").filter(room=run.room, agent=agent).first()
    if seat is None or not seat.agent.enabled or seat.trigger == Seat.Trigger.OFF:
        raise Conflict("The agent is not in this room.")
    if question.visible_to is not None and seat.agent.user_id not in question.visible_to:
        raise Conflict("The question was not said to this agent.")
    return question, seat


def branch(*, message: Message, by: User, body: object, client_id: str = "") -> Posted:
    """Ask one's question again in other words: a new message in the place of the old one's conversation, which stays,
    with the same files. Agents answer it like any other. Sent again under its `client_id` it is the same one."""
    if message.author_id != by.pk or by.is_machine:
        raise Forbidden("You can only branch from your own messages.")
    if message.is_recalled:
        raise Conflict("This message was taken back.")
    facts = {"room": message.room, "author": by, "body": body, "client_id": client_id, **place_of(message)}
    if client_id and Message.objects.filter(room=message.room_id, author=by, client_id=client_id).exists():
        return post_message(**facts)  # the same one, or a clash: no file is copied for it
    with copies_of(message, by) as files, transaction.atomic():
        check_unchanged(message, files)
        posted = post_message(**facts, carried=files)
        if posted.created:
            tell_of_pair(Message.objects.get(pk=posted.message["id"]), message, by)
    return posted


def check_unchanged(message: Message, files: Sequence[UUID]) -> None:
    """Copying takes time, and what was taken away meanwhile may not come back by it. Locks the message."""
    if locked(message, STANDING).attached != len(files):
        raise Conflict("A file was taken out of this message.")


def tell_of_pair(message: Message, origin: Message, by: User) -> None:
    """The two belong together, for those who may read the new one: it has the audience of the first."""
    Branch.objects.create(message=message, origin=origin)
    data = {"message": str(message.pk), "origin": str(origin.pk), "by": by.username}
    record(origin.room, "message.branched", actor=by, data=data, visible_to=message.visible_to)


def place_of(message: Message) -> dict[str, Any]:
    """What it replies to, its thread and its audience. Raises NotFound when one of those is not here any more."""
    if message.visible_to is None:
        named = None
    else:
        named = list(User.objects.filter(pk__in=message.visible_to).values_list("username", flat=True))
        if not named:
            raise NotFound
    return {"reply_to": message.reply_to_id, "thread": message.thread_id, "visible_to": named}
