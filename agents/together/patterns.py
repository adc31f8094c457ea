"""How a team's work begins: plans are functions `(task) -> first steps`, as those of an agent that answers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..models import Agent, Coordination, Seat, Step, Task
from .work import Kind, connect

Plan = Callable[[Task], list[Step]]


@dataclass(frozen=True, slots=True)
class Team:
    """Who answers together, and how. `speaker` writes the answer; it need not be one of those who contribute.

    `why` is the router's, where it chose. `steps` lays out the first of them.
    """

    pattern: str
    seats: tuple[Seat, ...]
    speaker: Seat
    rounds: int = 2
    approves: bool = False
    reviewed: bool = False
    why: str = ""

    @property
    def agents(self) -> list[Agent]:
        return [seat.agent for seat in self.seats]

    @property
    def common(self) -> dict[str, Any]:
        """What stands in the input of each first step."""
        facts = {"reviewed": True} if self.reviewed else {}
        return facts | ({"routed": self.why} if self.why else {})

    def plan(self, task: Task) -> list[Step]:
        return PATTERNS[self.pattern](self, task)


def contributions(team: Team, task: Task, agents: Sequence[Agent], **facts: Any) -> list[Step]:
    return [
        Step(task=task, kind=Kind.CONSULT, agent=agent, input={"number": number, **facts, **team.common})
        for number, agent in enumerate(agents, 1)
    ]


def sequential(team: Team, task: Task) -> list[Step]:
    """Each sees what those before it said; the last speaks."""
    steps = contributions(team, task, [one for one in team.agents if one.pk != task.agent_id])
    Step.objects.bulk_create(steps)
    connect({after: [*steps[:place]] for place, after in enumerate(steps)})
    return steps[:1]


def parallel(team: Team, task: Task) -> list[Step]:
    """All at once, none seeing another; then one speaks for them."""
    return Step.objects.bulk_create(contributions(team, task, team.agents))


def collaborative(team: Team, task: Task) -> list[Step]:
    """The first round. The others come as they go on, until they agree."""
    return Step.objects.bulk_create(contributions(team, task, team.agents, round=1, rounds=team.rounds))


def hierarchical(team: Team, task: Task) -> list[Step]:
    """The lead plans; what comes of it, the plan says."""
    facts = {"team": [told_of(agent) for agent in team.agents], "approve": team.approves, **team.common}
    return [Step.objects.create(task=task, kind=Kind.PLAN, agent=task.agent, title="Who does what", input=facts)]


def told_of(agent: Agent) -> dict[str, str]:
    return {"name": agent.user.username, "good_at": (agent.persona or agent.user.about)[:280]}


PATTERNS: dict[str, Callable[[Team, Task], list[Step]]] = {
    Coordination.SEQUENTIAL: sequential,
    Coordination.PARALLEL: parallel,
    Coordination.COLLABORATIVE: collaborative,
    Coordination.HIERARCHICAL: hierarchical,
}


@dataclass(frozen=True, slots=True)
class Alone:
    """One agent, as a router chose it: its answer is laid out as ever, with the reason beside."""

    speaker: Seat
    why: str = ""
    pattern: str = Coordination.SEPARATE

    def plan(self, task: Task) -> list[Step]:
        return [Step.objects.create(task=task, kind=Kind.COMPLETE, input={"routed": self.why} if self.why else {})]
