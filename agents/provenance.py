"""Why an agent said this: what it answered, for whom, what it read and what that took, as far as one reader may know.

Who may read an answer may know all this, its cost too. But of a message they may not read they learn only that it was
among the sources. The hash of the whole prompt is kept from them then: of a short message, a hash tells the words.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from rooms.access import reader_in
from rooms.errors import NotFound
from rooms.models import Message, User

from .models import Step, Task, Usage
from .recomputing import Recomputed, change_since, recompute

__all__ = ["Provenance", "Source", "provenance_of", "recompute"]

NOT_BY_AN_AGENT = "No agent wrote this message."

Readable = dict[UUID, Message]


@dataclass(frozen=True, slots=True)
class Source:
    """A message that was read, as it stands now, and what has befallen it since."""

    message: Message
    change: str = ""

    @property
    def excerpt(self) -> str:
        words = " ".join(self.message.body.split())
        return words if len(words) <= 140 else f"{words[:139]}…"


@dataclass(frozen=True)
class Provenance:
    """The run behind a message. `readable` are the messages of its story that this reader may read."""

    message: Message
    task: Task
    steps: tuple[Step, ...]
    readable: Readable

    @property
    def trigger(self) -> Source | None:
        return self.source(self.task.trigger_message_id)

    @property
    def root(self) -> Source | None:
        return self.source(self.task.root_message_id)

    @property
    def requester(self) -> User | None:
        """Mostly the author of the question, so known to those who may read it."""
        return self.task.requester if self.trigger else None

    @cached_property
    def read(self) -> list[UUID]:
        return list(dict.fromkeys(id for step in self.steps for id in step.read))

    @cached_property
    def sources(self) -> list[Source]:
        return [source for id in self.read if (source := self.source(id))]

    @property
    def unseen(self) -> int:
        return len(self.read) - len(self.sources)

    @cached_property
    def usages(self) -> list[Usage]:
        return [usage for step in self.steps for usage in step.usages.all()]

    @property
    def model(self) -> str | None:
        """The one that was charged for; None where none was called."""
        return self.usages[-1].model if self.usages else None

    @property
    def prompt_tokens(self) -> int:
        return sum(usage.prompt_tokens for usage in self.usages)

    @property
    def completion_tokens(self) -> int:
        return sum(usage.completion_tokens for usage in self.usages)

    @property
    def cost_micros(self) -> int:
        return sum(usage.cost_micros for usage in self.usages)

    @property
    def estimated(self) -> bool:
        return any(usage.estimated for usage in self.usages)

    @cached_property
    def recomputed(self) -> list[Recomputed]:
        """The prompts built again; none of those whose hash is not for this reader."""
        found = [recompute(step) for step in self.steps if self.shows_prompt_of(step)]
        return [one for one in found if one is not None]

    @property
    def reproducible(self) -> bool | None:
        """Whether the recorded messages still give the recorded prompts. None when that cannot be said."""
        return all(one.is_equal for one in self.recomputed) if self.recomputed else None

    @property
    def differences(self) -> list[str]:
        return [reason for one in self.recomputed for reason in one.reasons]

    def shows_prompt_of(self, step: Step) -> bool:
        return self.readable.keys() >= set(step.read)

    def source(self, id: UUID | None) -> Source | None:
        message = self.readable.get(id) if id else None
        if message is None:
            return None
        change = next((change_since(step, message) for step in self.steps if message.pk in step.read), "")
        return Source(message, change)


def provenance_of(message: Message, user: User) -> Provenance:
    """Of a message this person may read: the caller has asked. Raises NotFound when no agent's run wrote it."""
    task = (
        Task.objects.select_related("room", "agent__user", "requester", "trigger_message", "reply")
        .prefetch_related("steps__needs", "steps__usages", "steps__prompt", "steps__agent__user")
        .filter(reply=message)
        .first()
    )
    if task is None:
        raise NotFound(NOT_BY_AN_AGENT)
    steps = tuple(task.steps.all())
    for step in steps:
        step.task = task
    ids = {id for step in steps for id in step.read} | {task.trigger_message_id, task.root_message_id}
    return Provenance(message, task, steps, readable_of(message, user, {id for id in ids if id}))


def readable_of(message: Message, user: User, ids: Collection[UUID]) -> Readable:
    """Only of the same room: whatever was read elsewhere is not for those who read the answer here."""
    here = Message.objects.filter(room=message.room_id).select_related("author")
    return here.readable_by(reader_in(user, message.room)).in_bulk(list(ids))
