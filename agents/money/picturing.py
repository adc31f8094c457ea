"""What files add to the prompt of a question that is not asked yet: those that go with it, and those said before.

Pictures are counted as for the call itself (`context.pictures`). None is opened for it, so what they weigh in bytes is
left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from rooms.models import Attachment, Message, Room

from ..context.building import tellable
from ..context.pictures import SHARE, Space, files_of, in_words
from ..llm.port import count_tokens
from ..models import Agent, Usage
from ..routing.routes import Sight, sight_of

LATELY = 50


def files_before(agent: Agent, room: Room) -> list[Attachment]:
    """Of what it is told of the conversation, the newest message first."""
    recent = Message.objects.filter(tellable(None), room=room).order_by("-seq")[: agent.context_messages - 1]
    carrying = Message.objects.filter(pk__in=recent.values("pk"), attached__gt=0).order_by("-seq")
    ids = list(carrying.values_list("pk", flat=True))
    found = files_of(ids)
    return [file for id in ids for file in found.get(id, ())]


def tokens_of(agent: Agent, files: Sequence[Attachment], free: int) -> int:
    """Words about all of them, and the pictures it would be shown, with `free` tokens for them and what was said."""
    words = sum(count_tokens("", text) for text in in_words(files))
    return words + seen(agent, files, free)


def seen(agent: Agent, files: Sequence[Attachment], free: int) -> int:
    if not any(file.is_image for file in files):
        return 0
    space, total = Space(sight_known(agent), free // SHARE), 0
    for file in files:
        if tokens := space.tokens_of(file, free - total):
            space.fill(tokens)
            total += tokens
    return total


def sight_known(agent: Agent) -> Sight:
    """A route says whether it sees. Of a model that is called by its name alone a long list tells, which is loaded in
    workers and not for this: it is known to see once it was shown a picture lately."""
    if agent.route_id is not None:
        return sight_of(agent)
    calls = Usage.objects.filter(agent=agent, model=agent.model_name).order_by("-id")
    return Sight(any(calls.values_list("step__pictures", flat=True)[:LATELY]))
