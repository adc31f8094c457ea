"""What an agent is told besides, for the occasion on which it speaks: that it may stay silent, or that its hour has
come. As parts of its instructions they are kept and can be shown with them."""

from __future__ import annotations

import orjson

from ..llm.port import Turn
from ..models import Task
from ..speaking.hush import SIGN
from ..triggers.seats import may_stay_silent
from .instructions import Instructions

SILENCE = f"""
Whether to speak
Nobody asked you by name. Speak only if you have something useful to add that nobody has said. If not, answer with \
exactly {SIGN} and nothing else: then nobody sees anything of it. Silence is a good answer.
"""

HOUR = """
Why you speak now
Nobody has asked: you speak by a schedule that a member of the room has set. There is no last message to answer. What \
they want of you at this hour:
$instruction
"""

NOTHING_IN_PARTICULAR = "Say what is worth saying about the conversation since you last spoke, in a few sentences."


def is_volunteer(task: Task) -> bool:
    """Whether this answer may be silence."""
    question = task.trigger_message
    return task.seat is not None and question is not None and may_stay_silent(task.seat, task.agent, question)


def for_the_occasion(told: Instructions, task: Task) -> Instructions:
    if task.slot is not None:
        instruction = task.seat.instruction if task.seat else ""
        parts = told.parts | {"instruction": instruction or NOTHING_IN_PARTICULAR}
        return Instructions(told.template + HOUR, parts, told.room)
    if is_volunteer(task):
        return Instructions(told.template + SILENCE, told.parts, told.room)
    return told


def call_of(task: Task) -> tuple[Turn, ...]:
    """What stands in the place of a question when a turn has none; the same from the record as at the time."""
    if task.slot is None:
        return ()
    words = {"from": "schedule", "text": f"It is {task.slot:%A, %Y-%m-%d %H:%M} UTC."}
    return (Turn("user", orjson.dumps(words).decode(), name="schedule"),)
