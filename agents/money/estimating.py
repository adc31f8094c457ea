"""What a question to agents will likely cost, and at most, told before it is asked.

Nobody's model is called and nothing is set aside. What an agent wrote lately tells how much it will write; where it has
not written yet, half of what it may. Prices are those of the last reservations, so that no price list is loaded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Avg

from rooms.models import Attachment, Room

from ..llm.port import count_tokens
from ..llm.pricing import FREE, Price
from ..models import HOUSE_PAYS, Agent, Coordination, Hold, Usage
from ..together.patterns import Alone, Team
from .picturing import files_before, tokens_of
from .words import dollars

LATELY = 50
PER_TURN = 4
HISTORY = """
    SELECT coalesce(sum(ceil(octet_length(m.body) / 4.0) + %(per_turn)s), 0)::int
      FROM (SELECT body FROM rooms_message WHERE room_id = %(room)s AND state = 'visible' AND visible_to IS NULL
             ORDER BY seq DESC LIMIT %(messages)s) m
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What one agent adds: so many calls, of so many tokens each, at its price."""

    agent: Agent
    calls: int
    prompt: int
    written: int
    most: int
    price: Price

    @property
    def tokens(self) -> int:
        return self.calls * (self.prompt + self.written)

    @property
    def micros(self) -> int:
        return self.calls * self.price.of(self.prompt, self.written)

    def as_facts(self) -> dict[str, Any]:
        name = self.agent.user.username
        return {"agent": name, "calls": self.calls, "tokens": self.tokens, "micros": self.micros}

    @property
    def most_micros(self) -> int:
        return self.calls * self.price.of(self.prompt, self.most)


@dataclass(frozen=True, slots=True)
class Estimate:
    coordination: str
    shares: tuple[Share, ...]

    def as_facts(self) -> dict[str, Any]:
        return {
            "micros": self.micros,
            "most_micros": sum(share.most_micros for share in self.shares),
            "tokens": self.tokens,
            "calls": self.calls,
            "coordination": self.coordination,
            "agents": [share.as_facts() for share in self.shares],
            "sentence": self.sentence,
        }

    @property
    def micros(self) -> int:
        return sum(share.micros for share in self.shares)

    @property
    def tokens(self) -> int:
        return sum(share.tokens for share in self.shares)

    @property
    def calls(self) -> int:
        return sum(share.calls for share in self.shares)

    @property
    def sentence(self) -> str:
        if not self.shares:
            return "No agent would answer this."
        most = sum(share.most_micros for share in self.shares)
        work = f"{self.calls} call{'s' if self.calls > 1 else ''} of models and some {self.tokens:,} tokens"
        if not most:
            return f"This takes {work}, and no money as far as we know."
        return f"This takes {work}: about {dollars(self.micros)}, and {dollars(most)} at most."


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be said in a room, and the files that go with it."""

    room: Room
    body: str
    files: Sequence[Attachment] = ()


def estimate(*, question: Question, agents: Sequence[Agent], team: Team | Alone | None) -> Estimate:
    """For a question that these agents answer each for itself, or as this team."""
    calls = calls_of(team) if isinstance(team, Team) else Counter([team.speaker.agent] if team else agents)
    shares = [share_of(agent, question, many) for agent, many in calls.items()]
    return Estimate(team.pattern if team else Coordination.SEPARATE, tuple(shares))


def calls_of(team: Team) -> Counter[Agent]:
    """How often each agent's model is called, if nothing has to be done again. Who speaks for all puts it together,
    plans before if it leads, and judges what the others said where that is wished for."""
    speaker, others = team.speaker.agent, [one for one in team.agents if one != team.speaker.agent]
    rounds = team.rounds if team.pattern == Coordination.COLLABORATIVE else 1
    contributes = team.pattern in (Coordination.PARALLEL, Coordination.COLLABORATIVE) and speaker in team.agents
    plans = team.pattern == Coordination.HIERARCHICAL
    calls = Counter(dict.fromkeys(others, rounds))
    calls[speaker] = 1 + plans + contributes * rounds + team.reviewed * len(others)
    return calls


def share_of(agent: Agent, question: Question, calls: int) -> Share:
    lately = Usage.objects.filter(agent=agent).exclude(purpose__in=HOUSE_PAYS).order_by("-id")[:LATELY]
    written = lately.aggregate(mean=Avg("completion_tokens"))["mean"]
    return Share(
        agent=agent,
        calls=calls,
        prompt=prompt_of(agent, question),
        written=min(agent.max_reply_tokens, round(written or agent.max_reply_tokens / 2)),
        most=agent.max_reply_tokens,
        price=price_known(agent),
    )


def prompt_of(agent: Agent, question: Question) -> int:
    """Instructions, what was said lately, the question, and the files of both; no more than the agent may be told."""
    told = sum(count_tokens("", text) for text in (agent.system_prompt, agent.persona, question.body))
    files = [*question.files, *files_before(agent, question.room)]
    shown = tokens_of(agent, files, max(0, agent.max_prompt_tokens - told))
    return min(agent.max_prompt_tokens, said_before(agent, question.room) + told + shown)


def said_before(agent: Agent, room: Room) -> int:
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, {"room": room.pk, "messages": agent.context_messages - 1, "per_turn": PER_TURN})
        said: int = cursor.fetchone()[0]
    return said


def price_known(agent: Agent) -> Price:
    """The agent's own, else that of the last reservation for its model; of one that never cost anything, none."""
    if (own := agent.parameters.get("price")) is not None:
        return Price(float(own.get("prompt", 0)), float(own.get("completion", 0)))
    last = Hold.objects.filter(model=agent.model_name).order_by("-id")
    prices = last.values_list("prompt_price", "completion_price").first()
    return Price(*prices) if prices else FREE
