"""What the agents of a room are doing, for whoever was not there to hear it: derived from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

from rooms import prepared
from rooms.models import Room, User

from ..models import Agent, Status, Step
from ..models.step import CONTRIBUTING
from ..routing.ailments import Ailment, ailments_of
from ..switches.switched import switched_off
from .status import FAILURES, PLAN, Doing

# What a whisper made an agent do is for those who may read the whisper.
FOR_READER = """(q.id IS NULL OR q.author_id = %(reader)s OR q.visible_to IS NULL OR %(reader)s = ANY(q.visible_to))"""

SNAPSHOT = f"""
    SELECT s.id, s.agent_id, c.paused_at, coalesce(p.username, ''), coalesce(c.pause_reason, ''),
           coalesce(now.status, ''), coalesce(now.kind, ''), coalesce(now.tool, ''), coalesce(now.held, false),
           coalesce(now.has_words, false), coalesce(now.own, true), coalesce(last.reason, '')
      FROM agents_seat s
      LEFT JOIN agents_conduct c ON c.room_id = s.room_id
      LEFT JOIN rooms_user p ON p.id = c.paused_by_id
      LEFT JOIN LATERAL (
           SELECT w.status, w.kind, w.tool, w.held, m.body <> '' AS has_words, whose.own
             FROM agents_task t JOIN agents_step w ON w.task_id = t.id AND w.status IN ('waiting', 'running')
             CROSS JOIN LATERAL (SELECT w.agent_id IS NULL AND t.seat_id = s.id OR w.agent_id = s.agent_id
                                        AND (w.status = 'running' OR w.kind = 'tool') AS own) whose
             LEFT JOIN rooms_message m ON m.id = t.reply_id
             LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
            WHERE t.room_id = s.room_id AND t.status IN ('waiting', 'running') AND t.queued_at IS NULL
              AND (whose.own OR t.seat_id = s.id) AND {FOR_READER}
            ORDER BY whose.own DESC, w.status = 'running' DESC, w.held DESC, t.id DESC LIMIT 1) now ON true
      LEFT JOIN LATERAL (
           SELECT t.reason FROM agents_task t LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
            WHERE t.room_id = s.room_id AND t.seat_id = s.id AND t.reason NOT IN ('', 'merged') AND {FOR_READER}
            ORDER BY t.id DESC LIMIT 1) last ON true
     WHERE s.room_id = %(room)s
"""  # noqa: S608  # nothing of anybody's is formatted in


@dataclass(frozen=True, slots=True)
class Standing:
    """What one agent is doing; `detail` names the tool it uses, who paused it and why, or what its model lacks, and
    `since` when."""

    doing: Doing = Doing.IDLE
    detail: str = ""
    since: datetime | None = None

    @property
    def words(self) -> str:
        """For people, after the agent's name, in their time."""
        if self.doing == Doing.PAUSED and self.detail:
            return f"paused {self.detail}" if self.detail.startswith("by ") else self.detail
        doing = "" if self.doing == Doing.IDLE and self.detail else WORDS[self.doing]
        since = f"since {clock(self.since)}" if self.since else ""
        return ": ".join(filter(None, [" ".join(filter(None, [doing, since])), self.detail]))


def clock(moment: datetime) -> str:
    """The hour, and the day where it is not today."""
    here = timezone.localtime(moment)
    return date_format(here, "H:i" if here.date() == timezone.localdate() else "j F, H:i")


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
    """By seat, as far as this reader may know: what they do, what keeps them from it, and how their models are."""
    rows = prepared.fetch(SNAPSHOT, {"room": room.pk, "reader": reader.pk or 0})
    found = {row[0]: standing_of(*row[2:]) for row in rows}
    agents = {row[0]: row[1] for row in rows}
    known = Agent.objects.select_related("user").in_bulk(agents.values())
    off, ailing = switched_off(known.values(), reader), ailments_of(known.values())
    return {seat: told(found[seat], off.get(agent, ""), ailing.get(agent)) for seat, agent in agents.items()}


def told(standing: Standing, off: str, ailment: Ailment | None) -> Standing:
    """Whoever paused it comes first; what an agent is doing just now says more than how its model was before."""
    if standing.doing == Doing.PAUSED:
        return standing
    if off:
        return Standing(Doing.PAUSED, off)
    if ailment is None or standing.doing not in (Doing.IDLE, Doing.FAILING):
        return standing
    doing = Doing.FAILING if ailment.is_total else standing.doing
    return Standing(doing, ailment.detail, ailment.since)


def standing_of(
    paused_at: datetime | None,
    by: str,
    why: str,
    status: str,
    kind: str,
    tool: str,
    held: bool,
    has_words: bool,
    own: bool,
    reason: str,
) -> Standing:
    """`own`: the step is this agent's; else it is of those for whom it will speak."""
    if paused_at is not None:
        return Standing(Doing.PAUSED, ": ".join(part for part in (by and f"by @{by}", why) if part), paused_at)
    if not status:
        return Standing(Doing.FAILING) if reason in FAILURES else IDLE
    if held and (own or kind == Step.Kind.CONSULT):
        return Standing(Doing.WAITING_FOR_APPROVAL, tool or PLAN)
    if not own or (kind in CONTRIBUTING and status == Status.RUNNING):
        return Standing(Doing.THINKING)
    if status == Status.WAITING:
        return Standing(Doing.READING)
    if kind == Step.Kind.TOOL:
        return Standing(Doing.USING_TOOL, tool)
    return Standing(Doing.WRITING if has_words else Doing.THINKING)
