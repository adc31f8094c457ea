"""What a question to agents will likely cost, and at most, told before it is asked.

Nobody's model is called and nothing is set aside. What an agent wrote lately tells how much it will write; where it has
not written yet, half of what it may. Prices are those of the last reservations, so that no price list is loaded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Avg

from rooms.markup import mentions_in
from rooms.models import Message, Room, User

from ..llm.port import count_tokens
from ..llm.pricing import FREE, Price
from ..models import HOUSE_PAYS, Agent, Conduct, Coordination, Hold, Seat, Usage, conduct_of
from ..triggers.seats import seats_for
from ..triggers.speakers import speaking
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

    agent: str
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
            "agents": [
                {"agent": share.agent, "calls": share.calls, "tokens": share.tokens, "micros": share.micros}
                for share in self.shares
            ],
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


def estimate(*, room: Room, body: str, agents: Sequence[Agent], coordination: str = "") -> Estimate:
    """For a question to these agents, who answer as the room has it unless `coordination` says otherwise."""
    conduct = conduct_of(room)
    pattern = coordination or conduct.coordination
    if len(agents) < 2:
        pattern = Coordination.SEPARATE
    calls = [calls_of(agent, agents, pattern, conduct) for agent in agents]
    shares = [share_of(agent, room, body, many) for agent, many in zip(agents, calls, strict=True)]
    return Estimate(pattern, tuple(shares))


def calls_of(agent: Agent, agents: Sequence[Agent], pattern: str, conduct: Conduct) -> int:
    """How often this agent's model is called. Who speaks for all, the lead or else the first, is called once more to
    put it together, and twice where it lays out the work before."""
    speaks = agent.pk == (conduct.lead_id if conduct.lead_id in [one.pk for one in agents] else agents[0].pk)
    match pattern:
        case Coordination.PARALLEL:
            return 1 + speaks
        case Coordination.HIERARCHICAL:
            return 2 if speaks else 1
        case Coordination.COLLABORATIVE | Coordination.AUTO:
            return conduct.rounds + speaks
    return 1


def share_of(agent: Agent, room: Room, body: str, calls: int) -> Share:
    lately = Usage.objects.filter(agent=agent).exclude(purpose__in=HOUSE_PAYS).order_by("-id")[:LATELY]
    written = lately.aggregate(mean=Avg("completion_tokens"))["mean"]
    return Share(
        agent=agent.user.username,
        calls=calls,
        prompt=prompt_of(agent, room, body),
        written=min(agent.max_reply_tokens, round(written or agent.max_reply_tokens / 2)),
        most=agent.max_reply_tokens,
        price=price_known(agent),
    )


def prompt_of(agent: Agent, room: Room, body: str) -> int:
    """Instructions, what was said lately, and the question; no more than the agent may be told."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, {"room": room.pk, "messages": agent.context_messages - 1, "per_turn": PER_TURN})
        said: int = cursor.fetchone()[0]
    told = sum(count_tokens("", text) for text in (agent.system_prompt, agent.persona, body))
    return min(agent.max_prompt_tokens, said + told)


def price_known(agent: Agent) -> Price:
    """The agent's own, else that of the last reservation for its model; of one that never cost anything, none."""
    if (own := agent.parameters.get("price")) is not None:
        return Price(float(own.get("prompt", 0)), float(own.get("completion", 0)))
    last = Hold.objects.filter(model=agent.model_name).order_by("-id")
    prices = last.values_list("prompt_price", "completion_price").first()
    return Price(*prices) if prices else FREE


def asked_by(body: str, room: Room, by: User, seats: Sequence[Seat]) -> list[Agent]:
    """The agents that would answer this if this person said it to the whole room."""
    question = Message(room=room, author=by, body=body, mentions=list(mentions_in(body)))
    return [seat.agent for seat in speaking(question, seats_for(question, seats))]
