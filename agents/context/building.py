"""What an agent is told: built by the processors named in `settings.AGENT_CONTEXT`, in order, within a token budget.

Three rules. A message goes into a prompt only if *every* reader of the reply may read it. The transcript never enters
the system role. And nobody can speak in another's name: what others said arrives as one JSON object a message,
`{"from": username, "text": …}`, in which a body cannot end its own string; what the agent said itself has the role
*assistant*, and nothing else has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from rooms import prepared
from rooms.audience import READABLE_BY_EACH_SQL, readable_by_each
from rooms.models import Attachment, Message

from ..llm.port import Turn, count_tokens
from ..models import Agent, Task
from ..models.prompt import sha256_of
from ..routing.routes import Sight, sight_of
from .instructions import Instructions, instructions_of
from .occasions import call_of, for_the_occasion
from .pictures import SHARE, Album, Shown, files_of, in_words

PER_TURN = 4
"""Tokens a turn costs besides its text: role and separators."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a processor knows: whose answer, to what, for whom (None: the whole room), and the tokens still free."""

    task: Task
    question: Message
    audience: tuple[int, ...] | None
    free: int

    @property
    def agent(self) -> Agent:
        return self.task.agent

    def cost(self, text: str) -> int:
        return count_tokens(self.agent.model_name, text) + PER_TURN


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a processor adds: turns, their cost, the ids of the messages in them and the pictures of those that are
    shown, and the template if it used one."""

    turns: tuple[Turn, ...] = ()
    tokens: int = 0
    read: tuple[UUID, ...] = ()
    instructions: Instructions | None = None
    pictures: tuple[Shown, ...] = ()


@dataclass(slots=True)
class Context:
    """The prompt as it goes out. `sha256` names the whole of it; `read` says which messages it was made of."""

    turns: list[Turn] = field(default_factory=list)
    tokens: int = 0
    read: list[UUID] = field(default_factory=list)
    instructions: Instructions | None = None
    pictures: list[Shown] = field(default_factory=list)

    def add(self, part: Contribution) -> None:
        self.turns.extend(part.turns)
        self.tokens += part.tokens
        self.read.extend(part.read)
        self.pictures.extend(part.pictures)
        self.instructions = part.instructions or self.instructions

    @property
    def sha256(self) -> str:
        return sha256_of([facts_of(turn) for turn in self.turns])


def facts_of(turn: Turn) -> list[object]:
    facts: list[object] = [turn.role, turn.name, turn.content]
    if turn.calls or turn.answers:
        facts += [[[call.id, call.name, call.arguments] for call in turn.calls], turn.answers]
    if turn.images:
        facts.append([hashlib.sha256(image.data).hexdigest() for image in turn.images])
    return facts


Processor = Callable[[Asking], Contribution]


def build(task: Task, question: Message, reserved: int = 0) -> Context:
    """Ask each processor in turn; each is told what those before it left of the budget. `reserved` tokens of it are
    for what comes beside: tools, and what they have answered."""
    audience = None if question.visible_to is None else tuple(question.visible_to)
    context = Context(tokens=reserved)
    for processor in processors():
        context.add(processor(Asking(task, question, audience, task.agent.max_prompt_tokens - context.tokens)))
    return context


@cache
def processors() -> tuple[Processor, ...]:
    return tuple(import_string(name) for name in settings.AGENT_CONTEXT)


# --- the two of this floor


def instructions(asking: Asking) -> Contribution:
    """Who the agent is, where it is, and how to read what follows. No word of the conversation."""
    found = for_the_occasion(instructions_of(asking.agent, asking.task.room), asking.task)
    text = found.text
    return Contribution((Turn("system", text),), asking.cost(text), instructions=found)


def recent_messages(asking: Asking) -> Contribution:
    """The last messages up to the question, newest kept first, as many as the budget takes; the question always, or
    what stands for it."""
    chosen: list[tuple[UUID, Turn]] = []
    call = call_of(asking.task)
    saids = newest_first(asking)
    album = Album(sight_for(asking.agent, saids), asking.free // SHARE)
    spent = sum(asking.cost(turn.content) for turn in call)
    for said in saids:
        turn = turn_of(asking, said)
        cost = asking.cost(turn.content)
        if spent + cost > asking.free:
            if chosen:
                break
            turn = shortened(said, asking.free)
            cost = asking.cost(turn.content)
        images = album.take(said.files, asking.free - spent - cost)
        chosen.append((said.id, replace(turn, images=images) if images else turn))
        spent += cost + sum(image.tokens for image in images)
    chosen.reverse()
    turns = (*(turn for _, turn in chosen), *call)
    return Contribution(turns, spent, tuple(id for id, _ in chosen), pictures=tuple(album.shown))


class Said(NamedTuple):
    id: UUID
    author_id: int
    username: str
    body: str
    files: Sequence[Attachment] = ()


def sight_for(agent: Agent, saids: Sequence[Said]) -> Sight:
    """Asked only where there is something to see: without a route that may take a list of models seconds to load."""
    return sight_of(agent) if any(file.is_image for said in saids for file in said.files) else Sight()


# Before a question, and as `tellable` says; plain SQL, since it is on the way to every first word.
EARLIER = f"""
    SELECT m.id, m.author_id, a.username, m.body, m.attached
      FROM rooms_message m JOIN rooms_user a ON a.id = m.author_id
     WHERE m.room_id = %(room)s AND m.seq < %(seq)s AND {READABLE_BY_EACH_SQL}
       AND m.state IN ('visible', 'interrupted') AND (m.body <> '' OR m.attached > 0)
     ORDER BY m.seq DESC LIMIT %(limit)s
"""  # noqa: S608  # only a fragment of our own is formatted in


def newest_first(asking: Asking) -> list[Said]:
    question = asking.question
    rows: list[tuple[Any, ...]] = prepared.fetch(EARLIER, facts_for(asking))
    if asking.task.slot is None:
        last = (question.pk, question.author_id, question.author.username, question.body, question.attached)
        rows = [last, *rows]
    files = files_of([id for id, *_, attached in rows if attached])
    return [Said(id, author, name, body, files.get(id, ())) for id, author, name, body, _ in rows]


def facts_for(asking: Asking) -> dict[str, Any]:
    return {
        "room": asking.task.room_id,
        "seq": asking.question.seq,
        "readers": None if asking.audience is None else sorted(asking.audience),
        "limit": asking.agent.context_messages - 1,
    }


def tellable(audience: tuple[int, ...] | None) -> Q:
    """Finished words that every one of the audience may read; for the whole room that leaves out all whispers.

    Stricter than what the asker may read: an answer must not carry to others what was said to the asker alone.
    """
    something = ~Q(body="") | Q(attached__gt=0)
    return readable_by_each(audience) & Q(state__in=["visible", "interrupted"]) & something


def turn_of(asking: Asking, said: Said) -> Turn:
    if said.author_id == asking.agent.user_id:
        return Turn("assistant", said.body, name=said.username)
    return Turn("user", quoted(said.username, said.body, in_words(said.files)), name=said.username)


def quoted(username: str, text: str, attachments: Sequence[str] = ()) -> str:
    """One speaker, one string. JSON escapes quotes and line ends, so no text can open a second object or name."""
    files = {"attachments": attachments} if attachments else {}
    return orjson.dumps({"from": username, "text": text, **files}).decode()


def shortened(said: Said, tokens: int) -> Turn:
    """The question, cut so that it fits; a question alone may be larger than the whole budget."""
    bytes = max(0, (tokens - PER_TURN - 16) * 3)
    body = said.body.encode()[:bytes].decode(errors="ignore")
    return Turn("user", quoted(said.username, f"{body} […]"), name=said.username)
