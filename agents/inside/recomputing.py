"""The prompt of a step once more, from what was recorded of it: its instructions and the ids of the messages it read.

The messages are taken as they stand now, so the hash is the recorded one for as long as nothing of it was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from rooms.models import Attachment, Event, Message

from ..context.building import Asking, Context, Said, shortened, turn_of
from ..context.instructions import Instructions, facts_of
from ..context.occasions import call_of
from ..context.pictures import Shown, files_of, is_there, shown_again
from ..llm.port import Turn
from ..models import Step
from ..together.forgetting import is_forgotten
from ..together.material import material_of
from ..together.work import as_its_agent
from ..tools.rounds import Used, tokens_for_answers, turns_of, way_to

NO_REASON = (
    "Something else went into it than instructions and messages, or the house builds its prompts differently now."
)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """`reasons` are sentences, and only there when the hashes differ."""

    recorded: str
    found: str
    reasons: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        return self.recorded == self.found


def recompute(step: Step) -> Recomputed | None:
    """Build the prompt again and compare. None when the step never came so far as to have one, or when that cannot be
    said: of what tools answered into it not all is kept."""
    used = used_before(step) if step.prompt_sha256 else []
    if not step.prompt_sha256 or not all(is_kept(one.step) for one in used):
        return None
    sources = sources_of(step)
    found = built_again(step, sources, used).sha256
    if found == step.prompt_sha256:
        return Recomputed(step.prompt_sha256, found)
    reasons = tuple(reasons_of(step, sources))
    return Recomputed(step.prompt_sha256, found, reasons or (NO_REASON,)) if reasons or not used else None


def used_before(step: Step) -> list[Used]:
    """The tools on the way to this step, in the order in which they were called."""
    tools = Step.objects.filter(task=step.task, kind=Step.Kind.TOOL).prefetch_related("needs__needs")
    return way_to(step, [Used(one, next(iter(one.needs.all()))) for one in tools])


def is_kept(tool: Step) -> bool:
    """What it answered; of what was read in the room only the ids are."""
    return bool({"result", "error"} & tool.output.keys())


def sources_of(step: Step) -> list[Message]:
    """The messages of its prompt that still exist, in the order they had in it."""
    found = Message.objects.select_related("author").in_bulk(step.read)
    return [found[id] for id in step.read if id in found]


def built_again(step: Step, sources: Sequence[Message], used: Sequence[Used] = ()) -> Context:
    """No budget is asked but for the question, which may have been cut so that it fits, and what tools answered."""
    step, built = as_its_agent(step), Context()
    if step.prompt is not None:
        told = Instructions(step.prompt.template, step.prompt.parts, facts_of(step.task.room))
        built.turns.append(Turn("system", told.text))
    files = files_of([source.pk for source in sources if source.attached])
    built.turns.extend(turn_again(step, source, built.turns, files.get(source.pk, ())) for source in sources)
    built.turns.extend(call_of(step.task))
    work = material_of(step)
    if work.turn is not None:
        built.turns.append(work.turn)
    built.turns.extend(turns_of(step.task, used, tokens_for_answers(step.task)))
    return built


def turn_again(step: Step, source: Message, above: Sequence[Turn], files: Sequence[Attachment]) -> Turn:
    asking = Asking(step.task, source, None, 0)
    said = Said(source.pk, source.author_id, source.author.username, source.body, files)
    turn = replace(turn_of(asking, said), images=shown_again(pictures_in(step), source.pk, files))
    if source.pk != step.task.trigger_message_id:
        return turn
    free = step.task.agent.max_prompt_tokens - sum(asking.cost(one.content) for one in above if one.role == "system")
    return turn if asking.cost(turn.content) <= free else shortened(said, free)


def pictures_in(step: Step) -> list[Shown]:
    return [Shown.read(facts) for facts in step.pictures]


def reasons_of(step: Step, sources: Sequence[Message]) -> Iterator[str]:
    """What has befallen its parts since. Held words are still there, so holding them changes nothing."""
    there = {source.pk for source in sources}
    yield from (f"Message {id} does not exist any more." for id in step.read if id not in there)
    for source in sources:
        change = change_since(step, source)
        if change not in ("", Message.State.HELD):
            yield f"Message {source.seq} of @{source.author.username} ({source.pk}) was {change}."
    yield from reasons_of_files(step, [source for source in sources if not source.is_recalled])
    if is_forgotten(step.task):
        yield "What other agents contributed was taken away with the question or the answer."
    if renamed_since(step):
        yield "The name or the topic of the room was changed."


def reasons_of_files(step: Step, sources: Sequence[Message]) -> Iterator[str]:
    """A file that a moderator took out of a message that stands, and a picture that was lost."""
    taken = Event.objects.filter(type="message.edited", data__has_key="attachment", created_at__gte=step.started_at)
    gone = set(taken.filter(message__in=sources).values_list("message_id", flat=True)) if sources else set()
    files = files_of([source.pk for source in sources])
    lost = {one.message for one in pictures_in(step) if not is_there(one, files)} - gone
    for source in sources:
        if source.pk in gone | lost:
            became = "was taken away" if source.pk in gone else "cannot be read any more"
            yield f"A file of message {source.seq} of @{source.author.username} ({source.pk}) {became}."


def change_since(step: Step, source: Message) -> str:
    """`edited`, `redacted`, `withdrawn` or `held`, if that has happened to a message after it was read."""
    if source.is_recalled or source.state == Message.State.HELD:
        return source.state
    is_later = source.edited_at is not None and step.started_at is not None and source.edited_at >= step.started_at
    return "edited" if is_later else ""


def renamed_since(step: Step) -> bool:
    renamed = Q(data__changed__contains=["name"]) | Q(data__changed__contains=["topic"])
    changes = Event.objects.filter(renamed, room=step.task.room_id, type="room.changed")
    return changes.filter(created_at__gte=step.started_at).exists()
