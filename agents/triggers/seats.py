"""Which seats answer a message. Pure functions: what they need of the database has been fetched with the objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rooms.models import Message, User

from ..models import Agent, Seat
from .keywords import says_one_of

Trigger = Seat.Trigger


def seats_for(message: Message, seats: Iterable[Seat]) -> list[Seat]:
    """The seats that would answer, those addressed first. Wants `author`, `reply_to` and each seat's agent and user."""
    if not may_trigger(message):
        return []
    answering = [seat for seat in seats if answers(seat, message)]
    return sorted(answering, key=lambda seat: (not is_mentioned(seat.agent, message), seat.pk or 0))


def may_trigger(message: Message) -> bool:
    """What a person said, and what an agent said to somebody by name: the system, held and recalled words and answers
    that broke off carry no energy.

    Errors are notices on messages of agents, so they cannot either.
    """
    if message.state != Message.State.VISIBLE or message.author.kind == User.Kind.SYSTEM:
        return False
    return not message.author.is_machine or bool(message.mentions)


def answers(seat: Seat, message: Message) -> bool:
    if not seat.agent.enabled or seat.trigger == Trigger.OFF or not hears(seat, message):
        return False
    if message.author.is_machine:
        return is_mentioned(seat.agent, message) and message.author_id != seat.agent.user_id
    match seat.trigger:
        case Trigger.ALWAYS | Trigger.USEFUL:
            return True
        case Trigger.REPLY:
            return is_addressed(seat.agent, message)
        case Trigger.KEYWORD:
            return is_mentioned(seat.agent, message) or says_one_of(seat.keywords, message.body)
    return is_mentioned(seat.agent, message)


def hears(seat: Seat, message: Message) -> bool:
    """Whether the agent is among the readers: a whisper that leaves it out was not said to it."""
    return message.visible_to is None or seat.agent.user_id in message.visible_to


def is_mentioned(agent: Agent, message: Message) -> bool:
    return agent.user.username in message.mentions


def is_addressed(agent: Agent, message: Message) -> bool:
    """Mentioned or replied to."""
    return is_mentioned(agent, message) or (
        message.reply_to is not None and message.reply_to.author_id == agent.user_id
    )


VOLUNTEERS = (Trigger.KEYWORD, Trigger.ALWAYS, Trigger.USEFUL)
"""Those who speak unasked, the more particular first."""


def volunteers(message: Message, answering: Sequence[Seat]) -> list[Seat]:
    """Of those who would answer, those nobody addressed; none when one of their kind was: then it speaks for them."""
    unasked = [seat for seat in answering if seat.trigger in VOLUNTEERS]
    return [] if any(is_addressed(seat.agent, message) for seat in unasked) else unasked


def may_stay_silent(seat: Seat, agent: Agent, message: Message) -> bool:
    """Whoever speaks only if that is useful may say nothing, unless they were addressed."""
    return seat.trigger == Trigger.USEFUL and not is_addressed(agent, message)


def reply_audience(message: Message) -> list[int] | None:
    """Who may read the answer: exactly those who may read the question. None is everyone in the room."""
    return message.visible_to
