"""Statements that have to find nothing: half-done work, ends untold, bounds and quotas passed."""

from __future__ import annotations

from ..cast import ASKS_OF_CYD
from ..findings import Invariant
from ..town import ASKS, OF_A_GUEST, SENDS, Town

TURNS = 12
"""The most that ada allows: see `acts/governing.py`."""
MOST = 8

NOTHING: list[tuple[Invariant, str, str]] = [
    (Invariant.REST, "still being written", "SELECT id::text, created_at FROM rooms_message WHERE state = 'writing'"),
    (
        Invariant.REST,
        "a run is not over",
        "SELECT id::text, status, reason FROM agents_task WHERE status IN ('waiting', 'running') OR reason = ''",
    ),
    (
        Invariant.REST,
        "a step is not over",
        """SELECT s.id::text, s.kind, s.status, t.status, t.reason FROM agents_step s
             JOIN agents_task t ON t.id = s.task_id WHERE s.status IN ('waiting', 'running')""",
    ),
    (Invariant.REST, "somebody is asked still", "SELECT id::text FROM agents_approval WHERE state = 'waiting'"),
    (
        Invariant.REST,
        "there are words unsaid",
        """SELECT s.id::text, s.kind, t.reason FROM agents_step s JOIN agents_task t ON t.id = s.task_id
            WHERE s.unsaid <> ''""",
    ),
    (
        Invariant.ENDS,
        "told twice",
        """SELECT t.id::text, t.status, t.reason, count(e.id) FROM agents_task t LEFT JOIN rooms_event e
             ON e.type = 'run.ended' AND e.data->>'run' = t.id::text GROUP BY 1, 2, 3 HAVING count(e.id) > 1""",
    ),
    (
        Invariant.ENDS,
        "not told",
        """SELECT t.id::text, t.status, t.reason FROM agents_task t WHERE t.started_at IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM rooms_event e WHERE e.type = 'run.ended' AND e.data->>'run' = t.id::text)""",
    ),
    (
        Invariant.ENDS,
        "interrupted, and nobody says why",
        """SELECT m.id::text, t.reason FROM rooms_message m JOIN agents_task t ON t.reply_id = m.id
            WHERE m.state = 'interrupted' AND m.notice = ''""",
    ),
    (
        Invariant.ENDS,
        "an answer with nothing in it",
        """SELECT m.id::text, t.status FROM rooms_message m JOIN agents_task t ON t.reply_id = m.id
            WHERE m.state = 'visible' AND m.body = '' AND m.attached = 0""",
    ),
    (Invariant.BOUNDS, "", f"SELECT root_id::text, turns FROM agents_chain WHERE turns > {TURNS}"),
    (
        Invariant.QUOTAS,
        "",
        f"""SELECT u.username, t.what, t.used FROM rooms_tally t JOIN rooms_user u ON u.id = t.user_id
             WHERE t.what = 'ask' AND t.used > {ASKS} OR t.what = 'send' AND t.used > {SENDS}
                OR u.username = 'gus' AND t.what IN ('send', 'ask') AND t.used > {OF_A_GUEST}
                OR u.username = 'cyd' AND t.what = 'ask_day' AND t.used > {ASKS_OF_CYD}""",
    ),
]
PLACES = """
    SELECT d.name, h.slots FROM agents_health h JOIN agents_deployment d ON d.id = h.deployment_id
     WHERE h.slots <> '{}'"""
COUNTS = {
    "messages": "SELECT state, count(*) FROM rooms_message GROUP BY 1 ORDER BY 2 DESC",
    "runs": "SELECT reason, count(*) FROM agents_task GROUP BY 1 ORDER BY 2 DESC",
    "together": "SELECT pattern, count(*) FROM agents_task WHERE pattern <> 'separate' GROUP BY 1 ORDER BY 2 DESC",
    "steps": "SELECT kind || ' ' || status, count(*) FROM agents_step GROUP BY 1 ORDER BY 2 DESC",
    "approvals": "SELECT state, count(*) FROM agents_approval GROUP BY 1 ORDER BY 2 DESC",
    "calls": """SELECT coalesce(nullif(deployment, ''), 'by the settings'), count(*) FROM agents_usage
                 GROUP BY 1 ORDER BY 2 DESC""",
}


def check(town: Town) -> None:
    for invariant, what, statement in NOTHING:
        if found := town.house.sql(statement):
            town.findings.violated(invariant, what, found[:MOST])
    check_places(town)
    for what, statement in COUNTS.items():
        town.findings.facts[what] = dict(town.house.sql(statement))


def check_places(town: Town) -> None:
    """A crash of PostgreSQL may lose the giving back; then the place is free when its time is up."""
    if town.findings.faults["crash postgres"]:
        town.findings.unasked[Invariant.PLACES] = "PostgreSQL crashed, so some are free only when their time is up"
    elif found := town.house.sql(PLACES):
        town.findings.violated(Invariant.PLACES, found[:MOST])
