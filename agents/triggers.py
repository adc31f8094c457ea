"""Which seats answer a message. A pure function: what it needs of the database has been fetched with the objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rooms.models import Message

from .models import Seat

Trigger = Seat.Trigger


def seats_for(message: Message, seats: Iterable[Seat], only: Collection[str] = ()) -> list[Seat]:
    """The seats that answer, those asked by name first. Wants `author`, `reply_to` and each seat's agent and user.

    With `only`, the agents its author chose, those answer whatever their seats say, and no others.
    """
    if not may_trigger(message):
        return []
    if only:
        return [
            seat for seat in seats if seat.agent.user.username in only and seat.agent.enabled and hears(seat, message)
        ]
    answering = [seat for seat in seats if answers(seat, message)]
    return sorted(answering, key=lambda seat: (not is_mentioned(seat, message), seat.pk or 0))


def may_trigger(message: Message) -> bool:
    """Only what a person said and everyone meant may read: agents, the system, held and recalled words wake nobody.

    Errors are notices on messages of agents, so they cannot either.
    """
    return not message.author.is_machine and message.state == Message.State.VISIBLE


def answers(seat: Seat, message: Message) -> bool:
    if not seat.agent.enabled or not hears(seat, message):
        return False
    match seat.trigger:
        case Trigger.ALWAYS:
            return True
        case Trigger.REPLY:
            return is_mentioned(seat, message) or is_replied_to(seat, message)
        case Trigger.MENTION:
            return is_mentioned(seat, message)
    return False


def hears(seat: Seat, message: Message) -> bool:
    """Whether the agent is among the readers: a whisper that leaves it out was not said to it."""
    return message.visible_to is None or seat.agent.user_id in message.visible_to


def is_mentioned(seat: Seat, message: Message) -> bool:
    return seat.agent.user.username in message.mentions


def is_replied_to(seat: Seat, message: Message) -> bool:
    return message.reply_to is not None and message.reply_to.author_id == seat.agent.user_id


def reply_audience(message: Message) -> list[int] | None:
    """Who may read the answer: exactly those who may read the question. None is everyone in the room."""
    return message.visible_to
