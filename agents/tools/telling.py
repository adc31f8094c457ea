"""Telling those who may read an answer that a tool is at work for it. Who misses such a frame loses nothing."""

from __future__ import annotations

from rooms.live.frames import passing
from rooms.live.press import publish

from ..models import Step
from ..runs.status import Doing, tell_status


def began(step: Step) -> None:
    tell(step, "began")
    tell_status(step.task, Doing.USING_TOOL, step.tool)


def ended(step: Step) -> None:
    tell(step, "ended")


def tell(step: Step, state: str) -> None:
    """`tool {run, message, tool, state}`, without waiting for it to be carried."""
    task, reply = step.task, step.task.reply
    if reply is None:
        return
    frame = passing(
        "tool",
        room_id=reply.room_id,
        slug=task.room.slug,
        data={"run": str(task.pk), "message": str(reply.pk), "tool": step.tool, "state": state},
        after=reply.seq,
        author_id=reply.author_id,
        state="writing",
        visible_to=None if reply.visible_to is None else tuple(reply.visible_to),
    )
    publish([frame])
