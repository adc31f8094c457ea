"""The ledger, the accounts and what was set aside: three ways to count the same money."""

from __future__ import annotations

from ..findings import Invariant
from ..town import Town

MOST = 8
CHARGED = "u.purpose NOT IN ('probe', 'replay', 'excess')"
SINCE = "(a.resets_at IS NULL OR u.created_at >= a.resets_at - interval '1 day')"
"""What counts on an account of a day: a run may go on past midnight."""

OVERDRAWN = """
    SELECT scope, key, period, limit_micros, spent_micros FROM agents_account WHERE spent_micros > limit_micros"""
HELD = """
    SELECT 'account', scope, key, held_micros FROM agents_account WHERE held_micros <> 0
     UNION ALL
    SELECT 'hold', step_id::text, fence::text, micros FROM agents_hold WHERE released_at IS NULL"""
ACCOUNTS = f"""
    SELECT a.scope, a.key, a.spent_micros, coalesce(sum(u.cost_micros), 0) FROM agents_account a
      LEFT JOIN agents_usage u ON {CHARGED} AND {SINCE} AND a.key = CASE a.scope
           WHEN 'person' THEN u.payer_id WHEN 'room' THEN u.room_id WHEN 'agent' THEN u.agent_id END::text
     WHERE a.scope IN ('person', 'room', 'agent')
     GROUP BY a.id HAVING a.spent_micros <> coalesce(sum(u.cost_micros), 0)"""

# Steps of a plan that people have changed are gone, and nobody knows any more of which chain their rows are.
CHAINS = f"""
    SELECT a.key, a.spent_micros, coalesce(sum(u.cost_micros), 0) FROM agents_account a
      LEFT JOIN (agents_usage u JOIN agents_step s ON s.id = u.step_id JOIN agents_task t ON t.id = s.task_id)
           ON {CHARGED} AND coalesce(t.root_message_id, t.id)::text = a.key
     WHERE a.scope = 'chain'
     GROUP BY a.id HAVING a.spent_micros <> coalesce(sum(u.cost_micros), 0)"""
UNCOUNTED_CHAINS = f"""
    SELECT coalesce(t.root_message_id, t.id)::text, sum(u.cost_micros) FROM agents_usage u
      JOIN agents_step s ON s.id = u.step_id JOIN agents_task t ON t.id = s.task_id
     WHERE {CHARGED} AND u.cost_micros > 0 AND NOT EXISTS (SELECT 1 FROM agents_account a
           WHERE a.scope = 'chain' AND a.key = coalesce(t.root_message_id, t.id)::text) GROUP BY 1"""
STRAY = f"SELECT count(*) FROM agents_usage u WHERE {CHARGED} AND u.step_id IS NULL AND u.cost_micros > 0"
BY_HOLDS = """
    SELECT a.scope, a.key, a.period, a.spent_micros, coalesce(sum(h.spent_micros), 0) FROM agents_account a
      LEFT JOIN agents_hold h ON a.id = ANY(h.accounts)
     WHERE a.scope = 'chain' GROUP BY a.id HAVING a.spent_micros <> coalesce(sum(h.spent_micros), 0)"""

# By step, not by claim: who ends what a lost worker had claimed writes the row under a claim of their own.
CLAIMS = """
    SELECT s.id::text, s.kind, s.status, s.error, charged.micros, told.micros FROM agents_step s
      JOIN (SELECT step_id, sum(spent_micros) AS micros FROM agents_hold GROUP BY 1) charged ON charged.step_id = s.id
      LEFT JOIN (SELECT step_id, sum(cost_micros) AS micros FROM agents_usage WHERE purpose <> 'excess' GROUP BY 1) told
        ON told.step_id = s.id
     WHERE charged.micros <> coalesce(told.micros, 0)"""
SPENT = "SELECT scope, count(*), sum(spent_micros) FROM agents_account GROUP BY 1 ORDER BY 1"


def check(town: Town) -> None:
    for invariant, statement in (
        (Invariant.BUDGETS, OVERDRAWN),
        (Invariant.HOLDS, HELD),
        (Invariant.ACCOUNTS, ACCOUNTS),
        (Invariant.CHAINS, BY_HOLDS),
        (Invariant.CLAIMS, CLAIMS),
    ):
        if found := town.house.sql(statement):
            town.findings.violated(invariant, found[:MOST])
    check_chains(town)
    rows = town.house.sql(SPENT)
    town.findings.facts["spent"] = {scope: f"{int(micros)} on {accounts}" for scope, accounts, micros in rows}


def check_chains(town: Town) -> None:
    """By the ledger as well, as far as it still names the steps."""
    if found := town.house.sql(UNCOUNTED_CHAINS):
        town.findings.violated(Invariant.CHAINS, "without an account", found[:MOST])
    off = town.house.sql(CHAINS)
    stray = town.house.sql(STRAY)[0][0]
    if stray:  # then an account may well be ahead of what can be added up, but never behind
        off = [row for row in off if row[1] < row[2]]
        town.findings.facts["rows of the ledger without a step"] = stray
    if off:
        town.findings.violated(Invariant.CHAINS, "account and ledger", off[:MOST])
