"""What an agent is doing, told as it happens to those who may read what comes of it: passing frames, lost on the way if
so it happens. Whoever comes later asks for a seat's status (`statuses.py`), which is derived from the database."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from rooms.live.frames import passing
from rooms.live.press import publish

from ..models import Reason, Task
from ..triggers.seats import reply_audience

log = logging.getLogger(__name__)


class Doing(StrEnum):
    IDLE = "idle"
    READING = "reading"
    THINKING = "thinking"
    USING_TOOL = "using_tool"
    WRITING = "writing"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    PAUSED = "paused"
    FAILING = "failing"


PLAN = "plan"
"""What waits for an approval, where it is no tool."""

FAILURES = frozenset(
    {
        *(Reason.BUSY, Reason.DOWN, Reason.REFUSED, Reason.TIMEOUT, Reason.PROTOCOL, Reason.TRUNCATED, Reason.EMPTY),
        *(Reason.UNAVAILABLE, Reason.WORKER_LOST, Reason.ERROR),
    }
)
"""Ends after which an agent is said to be failing, until an answer of its succeeds."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Of one agent to the readers of one answer. None of `readers` is everybody in the room."""

    room_id: int
    slug: str
    agent: str
    readers: tuple[int, ...] | None = None

    @classmethod
    def of(cls, task: Task) -> Sign:
        user, question = task.agent.user, task.trigger_message
        readers = reply_audience(question) if question else None
        audience = None if readers is None else tuple(sorted({*readers, user.pk}))
        return cls(task.room_id, task.room.slug, user.username, audience)

    def tell(self, doing: Doing, detail: str = "") -> None:
        """From any thread or loop. Never waits and never raises: nothing depends on it."""
        if not self.room_id:
            return
        data = {"agent": self.agent, "status": doing.value, "detail": detail}
        frame = passing("status", room_id=self.room_id, slug=self.slug, data=data, visible_to=self.readers)
        try:
            publish([frame])
        except RuntimeError as error:  # the process is going away
            log.info("a status was not told: %s", error)


UNSEEN = Sign(0, "", "")
"""For work that nobody is to hear of."""


def tell_status(task: Task, status: Doing | str, detail: str = "") -> None:
    """Say what the agent of a task is doing now. Wants its room, agent and question loaded, and asks for nothing."""
    Sign.of(task).tell(Doing(status), detail)


def tell_end(task: Task, reason: str) -> None:
    tell_status(task, Doing.FAILING if reason in FAILURES else Doing.IDLE)
