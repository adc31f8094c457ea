"""Asking agents in this process, and looking at what came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self
from uuid import UUID

from django.db import connections

from agents import tasks
from agents.models import Task
from agents.runs.laying import begin
from agents.triggers import waking
from rooms.models import Event, Message, Room, User
from rooms.services.messages import post_message


def say(room: Room, author: User, body: str, **facts: Any) -> Message:
    """Post a message; nobody is woken by it yet."""
    posted = post_message(room=room, author=author, body=body, **facts)
    return Message.objects.get(pk=posted.message["id"])


def event_of(message: Message) -> Event:
    return Event.objects.get(message=message, type="message.posted")


def ask(room: Room, author: User, body: str, **facts: Any) -> Message:
    """Post a message and let whoever it concerns answer, in this thread. Returns the question."""
    question = say(room, author, body, **facts)
    tasks.wake(event_of(question).pk)
    return question


def woken(question: Message) -> list[UUID]:
    """The steps that a message lays out, all of them begun and none of them run."""
    steps = waking.answer(event_of(question).pk)
    for step in steps:
        begin(step.task)
    return [step.pk for step in steps]


def answer_to(question: Message) -> Message:
    reply = run_for(question).reply
    assert reply is not None
    return reply


def run_for(question: Message) -> Task:
    return Task.objects.select_related("reply").get(trigger_message=question)


class Aside:
    """Work on other threads, each with connections of its own."""

    def __init__(self, threads: int = 8) -> None:
        self.pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(wait=True)

    def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        def closing() -> Any:
            try:
                return work(*args, **kwargs)
            finally:
                connections.close_all()

        return self.pool.submit(closing)
