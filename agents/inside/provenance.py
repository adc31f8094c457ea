"""Why an agent said this: what it answered, for whom, what it read and what that took, as far as one reader may know.

Who may read an answer may know all this, its cost too. But of a message they may not read they learn only that it was
among the sources. The hash of the whole prompt is kept from them then: of a short message, a hash tells the words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from rooms.access import reader_in
from rooms.errors import NotFound
from rooms.models import Message, Room, User

from ..models import Prompt, Step, Task, Usage
from .recomputing import Recomputed, change_since, recompute

__all__ = ["Provenance", "Source", "provenance_of", "recompute", "stories_of", "story_of"]

NOT_BY_AN_AGENT = "No agent wrote this message."

Readable = dict[UUID, Message]


@dataclass(frozen=True, slots=True)
class Source:
    """A message that was read, as it stands now, and what has befallen it since."""

    message: Message
    change: str = ""

    @property
    def excerpt(self) -> str:
        words = " ".join(self.message.body.split()) or ", ".join(self.files)
        return words if len(words) <= 140 else f"{words[:139]}…"

    @property
    def files(self) -> list[str]:
        """Their names. A query, where it has any."""
        return [file.name for file in self.message.attachments.order_by("place")] if self.message.attached else []


@dataclass(frozen=True)
class Provenance:
    """The run behind an answer. `readable` are the messages of its story that this reader may read."""

    task: Task
    steps: tuple[Step, ...]
    readable: Readable

    @property
    def message(self) -> Message | None:
        return self.task.reply

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
        return list(dict.fromkeys(reason for one in self.recomputed for reason in one.reasons))

    @cached_property
    def instructions(self) -> list[Prompt]:
        """The templates that went into it, each once."""
        return list({step.prompt.pk: step.prompt for step in self.steps if step.prompt is not None}.values())

    def shows_prompt_of(self, step: Step) -> bool:
        """Whether they may read all of its sources. Then nothing that was made of them tells more than they know."""
        return self.readable.keys() >= set(step.read)

    def shows_words_of(self, step: Step) -> bool:
        """What a step was given and what came of it. Nothing from the moment in which question or answer is taken back:
        what is kept of it is emptied a little later."""
        return self.shows_prompt_of(step) and not self.task.is_recalled

    def shows_hash_of(self, step: Step) -> bool:
        """Not of a prompt that held words which were taken back since: they could be guessed, and held against it."""
        told = [step, *self.tools_before(step)]
        return all(self.shows_prompt_of(one) and not self.lost_a_source(one) for one in told)

    def shows_result_of(self, step: Step) -> bool:
        """What a tool answered, which may be what it read in the room, as it stood then."""
        return self.shows_words_of(step) and not self.lost_a_source(step)

    def tools_before(self, step: Step) -> list[Step]:
        """Those that may have told it something: what they read stands in its prompt, and not among what it read."""
        goes_on = any(one.kind == Step.Kind.TOOL for one in step.needs.all())
        return [one for one in self.steps if one.kind == Step.Kind.TOOL] if goes_on else []

    def lost_a_source(self, step: Step) -> bool:
        return any(self.readable[id].is_recalled for id in step.read if id in self.readable)

    def source(self, id: UUID | None) -> Source | None:
        message = self.readable.get(id) if id else None
        if message is None:
            return None
        change = next((change_since(step, message) for step in self.steps if message.pk in step.read), "")
        return Source(message, change)


def provenance_of(message: Message, user: User) -> Provenance:
    """Of a message this person may read: the caller has asked. Raises NotFound when no agent's run wrote it."""
    task = with_its_story(Task.objects.filter(reply=message)).first()
    if task is None:
        raise NotFound(NOT_BY_AN_AGENT)
    return story_of(task, user)


def with_its_story(tasks: QuerySet[Task]) -> QuerySet[Task]:
    related = tasks.select_related("room", "agent__user", "requester", "trigger_message", "reply")
    return related.prefetch_related(
        "steps__needs", "steps__usages", "steps__prompt", "steps__agent__user", "disputes__decided_by"
    )


def story_of(task: Task, user: User) -> Provenance:
    """Of a run this person may see, fetched with `with_its_story`."""
    return stories_of([task], task.room, user)[0]


def stories_of(tasks: Iterable[Task], room: Room, user: User) -> list[Provenance]:
    """Of several runs of one room. One query says what this person may read of all their sources."""
    behind = [(task, steps_of(task)) for task in tasks]
    ids = {id for task, steps in behind for id in (*ids_read(steps), task.trigger_message_id, task.root_message_id)}
    readable = readable_of(room, user, {id for id in ids if id})
    return [Provenance(task, steps, readable) for task, steps in behind]


def steps_of(task: Task) -> tuple[Step, ...]:
    steps = tuple(task.steps.all())
    for step in steps:
        step.task = task
    return steps


def ids_read(steps: Iterable[Step]) -> Iterable[UUID]:
    return (id for step in steps for id in step.read)


def readable_of(room: Room, user: User, ids: Collection[UUID]) -> Readable:
    """Only of the same room: whatever was read elsewhere is not for those who read the answer here."""
    if not ids:
        return {}
    here = Message.objects.filter(room=room).select_related("author")
    return here.readable_by(reader_in(user, room)).in_bulk(list(ids))
