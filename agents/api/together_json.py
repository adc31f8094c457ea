"""What several agents said to each other, as JSON."""

from __future__ import annotations

from typing import Any

from rooms import markup
from rooms.api.present import time

from ..models import Dispute, Step, Task
from ..together.work import TOGETHER

Facts = dict[str, Any]


def disputes(run: Task) -> list[Facts]:
    return [] if run.is_recalled else [dispute(one) for one in run.disputes.all()]


def dispute(found: Dispute) -> Facts:
    return {
        "id": found.pk,
        "number": found.number,
        "point": found.point,
        "positions": found.positions,
        "chosen": found.chosen,
        "why": found.why,
        "decided_by": found.decided_by and found.decided_by.username,
        "decided_at": time(found.decided_at),
        "earlier": found.earlier,
    }


def contribution(found: Step) -> Facts | None:
    """Of a step of several agents' work: what it said, or why it did not. For all who may read the answer."""
    if found.kind not in TOGETHER or found.task.is_recalled:
        return None
    said = found.output
    return {
        "text": said.get("text", ""),
        "html": markup.render(said.get("text", "")),
        "acts": said.get("acts", []),
        "failed": said.get("failed", ""),
        "score": said.get("score"),
        "points": said.get("points", []),
        "subtasks": said.get("subtasks", []),
        "decisions": said.get("decisions", []),
    }
