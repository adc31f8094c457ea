"""Tools and plans about which nobody will decide any more. Nothing but the sweeper watches a run that is held; the
plans that nobody looked at in time are in `together.expiring`."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from ..models import Reason, Status, Step
from ..outcomes import Outcome, in_words
from . import line
from .endings import give_up, words_of
from .life import RELATED, ready_after

BATCH = 200

# As the watch does it for those that run; the words are those of `Reason`.
LAPSED = """
    SELECT * FROM (
      SELECT s.id, CASE
          WHEN p.id IS NULL OR NOT p.is_active OR NOT p.is_superuser AND y.id IS NULL THEN 'departed'
          WHEN m.state <> 'writing' OR q.id IS NULL AND t.slot IS NULL OR q.state IN ('redacted', 'withdrawn', 'held')
              THEN 'recalled'
          WHEN r.deleted_at IS NOT NULL OR t.seat_id IS NULL OR s.kind = 'tool' AND (NOT g.enabled OR x.id IS NULL)
              THEN 'unseated'
          WHEN a.expires_at <= now() THEN 'denied'
          END AS why
        FROM agents_step s JOIN agents_task t ON t.id = s.task_id
        LEFT JOIN agents_approval a ON a.step_id = s.id AND a.state = 'waiting'
        JOIN agents_agent g ON g.id = coalesce(s.agent_id, t.agent_id) JOIN rooms_room r ON r.id = t.room_id
        LEFT JOIN rooms_user p ON p.id = t.requester_id
        LEFT JOIN rooms_membership x ON x.room_id = t.room_id AND x.user_id = g.user_id
        LEFT JOIN rooms_membership y ON y.room_id = t.room_id AND y.user_id = t.requester_id
        LEFT JOIN rooms_message m ON m.id = t.reply_id
        LEFT JOIN rooms_message q ON q.id = t.trigger_message_id
       WHERE s.held AND s.status = 'waiting' AND (a.id IS NOT NULL OR s.kind <> 'tool')) waiting
     WHERE why IS NOT NULL LIMIT %s
"""


def end_lapsed() -> int:
    """What waits for an approval that expired, or whose requester, agent, question or answer went away meanwhile: of a
    tool and of a plan."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSED, [BATCH])
        lapsed = [(step, Reason(why)) for step, why in cursor.fetchall()]
    return sum(end_held(step, reason) for step, reason in lapsed)


@transaction.atomic
def end_held(step_id: UUID, reason: Reason) -> bool:
    """False when somebody is deciding in this moment: the next sweep sees what came of it."""
    locked = Step.objects.select_for_update(of=("self",), skip_locked=True).select_related(*RELATED)
    step = locked.filter(pk=step_id, status=Status.WAITING, held=True).first()
    if step is None:
        return False
    notice = sentence(step) if reason == Reason.DENIED else ""
    give_up(step, Outcome(reason, words_of(step.task), notice))
    transaction.on_commit(lambda: line.queue(ready_after(step)), robust=True)
    return True


def sentence(step: Step) -> str:
    return f"Nobody approved «{step.tool}» within {in_words(settings.APPROVAL_SECONDS)}."
