"""A room where agents answer together: how they do so, and what they said to each other before their last answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from agents.models import Agent, Conduct, Dispute, Status, Step, Task
from agents.together.work import Kind, connect
from rooms.models import Room


def arrange(room: Room, facts: dict[str, Any], agents: dict[str, Agent]) -> None:
    """Nothing in a room that says nothing of it. No event tells of this: it is not what was said in the room."""
    if conduct := facts.get("conduct"):
        lead = agents[conduct["lead"]]
        Conduct.objects.create(room=room, **{**conduct, "lead": lead})
    if together := facts.get("together"):
        fold(Task.objects.filter(room=room).latest("created_at"), together, agents)


def fold(task: Task, together: dict[str, Any], agents: dict[str, Agent]) -> None:
    """The contributions come before the step that gave the answer."""
    Task.objects.filter(pk=task.pk).update(pattern=together["pattern"])
    steps = [
        step_of(task, number, said, agents[said["agent"]]) for number, said in enumerate(together["contributions"], 1)
    ]
    Step.objects.bulk_create(steps)
    rounds: dict[int, list[Step]] = {}
    for step in steps:
        rounds.setdefault(step.input["round"], []).append(step)
    connect({step: rounds.get(number - 1, []) for number, those in rounds.items() for step in those})
    connect({task.steps.get(kind=Kind.COMPLETE): rounds[max(rounds)]})
    for facts in together["disputes"]:
        Dispute.objects.create(task=task, decided_by=task.agent.user, decided_at=task.ended_at, **facts)


def step_of(task: Task, number: int, said: dict[str, Any], agent: Agent) -> Step:
    return Step(
        task=task,
        kind=Kind.CONSULT,
        agent=agent,
        status=Status.DONE,
        fence=1,
        attempt=1,
        started_at=task.started_at,
        ended_at=task.ended_at or timezone.now(),
        input={"number": number, "round": said["round"]},
        output={"text": said["text"], "acts": said["acts"]},
    )
