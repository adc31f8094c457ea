"""What the agents of a room are doing, for whoever was not there to hear it: derived from the database."""

from __future__ import annotations

from dataclasses import dataclass

from rooms import prepared
from rooms.models import Room, User

from .models import Status, Step
from .status import FAILURES, Doing

# What a whisper made an agent do is for those who may read the whisper.
FOR_READER = """(q.id IS NULL OR q.author_id = %(reader)s OR q.visible_to IS NULL OR %(reader)s = ANY(q.visible_to))"""

SNAPSHOT = f"""
    SELECT s.id, c.paused_at IS NOT NULL, coalesce(p.username, ''), coalesce(c.pause_reason, ''),
           coalesce(now.status, ''), coalesce(now.kind, ''), coalesce(now.tool, ''), coalesce(now.held, false),
           coalesce(now.has_words, false), coalesce(last.reason, '')
      FROM agents_seat s
      LEFT JOIN agents_conduct c ON c.room_id = s.room_id
      LEFT JOIN rooms_user p ON p.id = c.paused_by_id
      LEFT JOIN LATERAL (
           SELECT w.status, w.kind, w.tool, w.held, m.body <> '' AS has_words
             FROM agents_task t JOIN agents_step w ON w.task_id = t.id AND w.status IN ('waiting', 'running')
             LEFT JOIN rooms_message m ON m.id = t.reply_id
             LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
            WHERE t.seat_id = s.id AND t.status IN ('waiting', 'running') AND t.queued_at IS NULL AND {FOR_READER}
            ORDER BY w.status = 'running' DESC, w.held DESC, t.id DESC LIMIT 1) now ON true
      LEFT JOIN LATERAL (
           SELECT t.reason FROM agents_task t LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
            WHERE t.room_id = s.room_id AND t.seat_id = s.id AND t.reason NOT IN ('', 'merged') AND {FOR_READER}
            ORDER BY t.id DESC LIMIT 1) last ON true
     WHERE s.room_id = %(room)s
"""  # noqa: S608  # nothing of anybody's is formatted in


@dataclass(frozen=True, slots=True)
class Standing:
    """What one agent is doing; `detail` names the tool it uses, or who paused it and why."""

    doing: Doing = Doing.IDLE
    detail: str = ""

    @property
    def words(self) -> str:
        """For people, after the agent's name."""
        return f"{WORDS[self.doing]}: {self.detail}" if self.detail else WORDS[self.doing]


IDLE = Standing()

WORDS = {
    Doing.IDLE: "idle",
    Doing.READING: "reading",
    Doing.THINKING: "thinking",
    Doing.USING_TOOL: "using a tool",
    Doing.WRITING: "writing",
    Doing.WAITING_FOR_APPROVAL: "waiting for approval",
    Doing.PAUSED: "paused",
    Doing.FAILING: "failing",
}


def standings(room: Room, reader: User) -> dict[int, Standing]:
    """By seat, as far as this reader may know. One query."""
    rows = prepared.fetch(SNAPSHOT, {"room": room.pk, "reader": reader.pk or 0})
    return {row[0]: standing_of(*row[1:]) for row in rows}


def standing_of(
    paused: bool, by: str, why: str, status: str, kind: str, tool: str, held: bool, has_words: bool, reason: str
) -> Standing:
    if paused:
        return Standing(Doing.PAUSED, ": ".join(part for part in (by and f"by @{by}", why) if part))
    if held:
        return Standing(Doing.WAITING_FOR_APPROVAL, tool)
    if not status:
        return Standing(Doing.FAILING) if reason in FAILURES else IDLE
    if status == Status.WAITING:
        return Standing(Doing.READING)
    if kind == Step.Kind.TOOL:
        return Standing(Doing.USING_TOOL, tool)
    return Standing(Doing.WRITING if has_words else Doing.THINKING)
