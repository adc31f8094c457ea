"""Who answers a message together: from what its author wished, what the room does, and what a router thinks."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.models import Message

from ..models import Agent, Conduct, Coordination, Seat, Step, Task, Wish, conduct_of
from ..triggers.seats import hears
from . import router
from .patterns import Alone, Team
from .work import Kind, Work


def wished(question: Message, seats: Sequence[Seat], answering: Sequence[Seat], wish: Wish) -> list[Seat]:
    """The seats somebody asked for by name, in that order; else those who would answer, else all that hear it."""
    able = [seat for seat in seats if seat.agent.enabled and hears(seat, question)]
    if wish.agents:
        named = {seat.agent.user.username: seat for seat in able}
        return [named[name] for name in wish.agents if name in named]
    return list(answering) or [seat for seat in able if seat.trigger != Seat.Trigger.OFF]


def gathered(
    question: Message,
    answering: Sequence[Seat],
    seats: Sequence[Seat],
    conduct: Conduct,
    wish: Wish | None = None,
) -> Team | Alone | None:
    """A team, or one alone whom a router chose; None when each answers for itself."""
    if len(answering) + bool(wish) < 2:
        return None
    way = wish.coordination if wish else conduct.coordination
    if way == Coordination.SEPARATE or not answering:
        return None
    why, chosen = "", list(answering)
    if way == Coordination.AUTO:
        choice = router.choose(question.body, [candidate(seat) for seat in answering], question.mentions)
        chosen = [seat for name in choice.agents for seat in answering if seat.agent.user.username == name]
        way, why = choice.coordination, choice.why
        if choice.is_single:
            return Alone(chosen[0], why)
    lead = lead_among(chosen if wish and wish.agents else seats, question, conduct)
    return team_of(chosen, lead, way, conduct, wish, why)


def candidate(seat: Seat) -> router.Candidate:
    agent = seat.agent
    return router.Candidate(agent.user.username, f"{agent.user.name} {agent.user.about} {agent.persona}")


def lead_among(seats: Sequence[Seat], question: Message, conduct: Conduct) -> Seat | None:
    """The room's lead, if it sits here and may read the question."""
    return next(
        (seat for seat in seats if seat.agent_id == conduct.lead_id and seat.agent.enabled and hears(seat, question)),
        None,
    )


def team_of(
    chosen: Sequence[Seat], lead: Seat | None, way: str, conduct: Conduct, wish: Wish | None, why: str = ""
) -> Team | None:
    """In sequence the last speaks, which is the lead if it is there; else the lead, or whoever was asked first."""
    seats = list(chosen)
    if way == Coordination.SEQUENTIAL:
        seats = [seat for seat in seats if lead is None or seat.pk != lead.pk] + ([lead] if lead else [])
    speaker = seats[-1] if way == Coordination.SEQUENTIAL else lead or seats[0]
    if len({seat.pk for seat in [*seats, speaker]}) < 2:
        return None
    reviewed = conduct.reviews or bool(wish and wish.reviewed)
    waits = conduct.approves_plans or bool(wish and wish.approves_plans)
    return Team(way, tuple(seats), speaker, conduct.rounds, waits, reviewed, why)


def team_again(run: Task) -> Team | None:
    """Those who worked on a run, as far as they sit there still, to do it anew. None for an agent that was alone."""
    if run.pattern == Coordination.SEPARATE:
        return None
    steps = Work.of(run).steps
    seats = {seat.agent_id: seat for seat in seats_now(run)}
    asked = [agent for agent in dict.fromkeys(agents_asked(steps)) if agent in seats and agent != run.agent_id]
    if run.agent_id not in seats or not asked:
        return None
    speaker = seats[run.agent_id]
    spoke = run.pattern == Coordination.SEQUENTIAL or run.agent_id in agents_asked(steps)
    there = [seats[agent] for agent in asked] + ([speaker] if spoke else [])
    conduct = conduct_of(run.room)
    reviewed = any(step.input.get("reviewed") for step in steps)
    waits = conduct.approves_plans or any(step.input.get("approve") for step in steps)
    return Team(run.pattern, tuple(there), speaker, conduct.rounds, waits, reviewed)


def seats_now(run: Task) -> list[Seat]:
    found = Seat.objects.filter(room=run.room_id, agent__enabled=True).select_related("agent__user", "room")
    question = run.trigger_message
    return [seat for seat in found if question is None or hears(seat, question)]


def agents_asked(steps: Sequence[Step]) -> list[int]:
    """By what was laid out first: those who contributed, or whom a lead could name."""
    plan = next((step for step in steps if step.kind == Kind.PLAN), None)
    if plan is None:
        return [step.agent_id for step in steps if step.kind == Kind.CONSULT and step.agent_id]
    names = [one["name"] for one in plan.input.get("team", [])]
    return list(Agent.objects.filter(user__username__in=names).values_list("pk", flat=True))
