"""The statements of reserving and settling. Accounts are locked in the order of their ids, always.

A statement has one time for all it does, its beginning: else midnight could come between two looks at the clock. Where
accounts have a period, they were locked by a statement before, so that their days never go backwards.
"""

from __future__ import annotations

NOW = "statement_timestamp()"
MIDNIGHT = f"date_trunc('day', {NOW} AT TIME ZONE 'UTC')"
RESETS = f"""CASE {{period}} WHEN 'day' THEN ({MIDNIGHT} + interval '1 day') AT TIME ZONE 'UTC'
             WHEN 'month' THEN (date_trunc('month', {MIDNIGHT}) + interval '1 month') AT TIME ZONE 'UTC' END"""
SPENT = f"CASE WHEN a.resets_at <= {NOW} THEN 0 ELSE a.spent_micros END"

MINE = """(a.scope, a.key) IN (SELECT * FROM unnest(%(scopes)s::text[], %(keys)s::text[]))
          OR a.scope = 'group' AND a.key IN (
             SELECT g.group_id::text FROM rooms_user_groups g WHERE g.user_id = %(payer)s)"""

CHAIN_LIMIT = "coalesce((SELECT c.max_cost_micros FROM agents_conduct c WHERE c.room_id = %(room)s), %(most)s)"

# Where nobody has set a limit, only the chain has one: then this is all there is to do.
QUICKLY = f"""
    WITH others AS MATERIALIZED (
        SELECT 1 FROM agents_account a WHERE a.scope <> 'chain' AND ({MINE}) LIMIT 1
    ), chain AS (
        INSERT INTO agents_account AS a (scope, key, period, limit_micros, by_default, spent_micros, held_micros)
        SELECT 'chain', %(chain)s, 'none', {CHAIN_LIMIT}, true, 0, %(micros)s
         WHERE NOT EXISTS (SELECT 1 FROM others) AND %(micros)s <= {CHAIN_LIMIT}
        ON CONFLICT (scope, key, period) DO UPDATE SET held_micros = a.held_micros + %(micros)s
         WHERE a.spent_micros + a.held_micros + %(micros)s <= a.limit_micros
        RETURNING a.id
    )
    INSERT INTO agents_hold (step_id, fence, accounts, micros, model, prompt_price, completion_price, spent_micros)
    SELECT %(step)s, %(fence)s, ARRAY[chain.id], %(micros)s, %(model)s, %(prompt_price)s, %(completion_price)s, 0
      FROM chain
    RETURNING 1
"""  # noqa: S608  # only fragments of our own are formatted in

# In the order of the unique index, so that two who make the same accounts wait for each other in one direction.
OPEN = f"""
    INSERT INTO agents_account (scope, key, period, limit_micros, by_default, spent_micros, held_micros, resets_at)
    SELECT w.scope, w.key, w.period, coalesce(w.most, {CHAIN_LIMIT}), true, 0, 0, {RESETS.format(period="w.period")}
      FROM unnest(%(d_scopes)s::text[], %(d_keys)s::text[], %(d_periods)s::text[], %(d_limits)s::bigint[])
           AS w(scope, key, period, most)
     WHERE NOT EXISTS (SELECT 1 FROM agents_account a
                        WHERE a.scope = w.scope AND a.key = w.key AND a.period = w.period)
     ORDER BY w.scope, w.key, w.period
    ON CONFLICT DO NOTHING
"""  # noqa: S608

LOCK = f"""
    SELECT a.id, a.scope, a.key, a.period, a.by_default, a.limit_micros, {SPENT}, a.held_micros,
           extract(epoch FROM {RESETS.format(period="a.period")} - {NOW})::float
      FROM agents_account a WHERE {MINE} ORDER BY a.id FOR UPDATE OF a
"""  # noqa: S608

TAKE = f"""
    WITH taken AS (
        UPDATE agents_account a
           SET held_micros = a.held_micros + %(micros)s, spent_micros = {SPENT}, limit_micros = mine.most,
               resets_at = {RESETS.format(period="a.period")}
          FROM unnest(%(ids)s::bigint[], %(limits)s::bigint[]) AS mine(id, most)
         WHERE a.id = mine.id
           AND (mine.most IS NULL OR {SPENT} + a.held_micros + %(micros)s <= mine.most)
        RETURNING a.id
    )
    INSERT INTO agents_hold (step_id, fence, accounts, micros, model, prompt_price, completion_price, spent_micros)
    SELECT %(step)s, %(fence)s, array_agg(taken.id), %(micros)s, %(model)s, %(prompt_price)s, %(completion_price)s, 0
      FROM taken HAVING count(*) = cardinality(%(ids)s::bigint[])
    RETURNING 1
"""  # noqa: S608

LOCK_HELD = """
    SELECT a.id FROM agents_hold h JOIN agents_account a ON a.id = ANY(h.accounts)
     WHERE h.step_id = %(step)s AND h.released_at IS NULL ORDER BY a.id FOR UPDATE OF a
"""

# What a provider wants beyond what was set aside is nobody's of these: see `agents.money.charging`.
RELEASED = """
    UPDATE agents_hold h SET released_at = clock_timestamp(), spent_micros = least(h.micros, %(cost)s)
     WHERE h.step_id = %(step)s AND h.released_at IS NULL AND {condition}
    RETURNING h.micros, h.accounts, h.spent_micros AS cost
"""
SETTLED = f"""
    UPDATE agents_account a
       SET held_micros = greatest(0, a.held_micros - released.micros), spent_micros = {SPENT} + released.cost,
           resets_at = {RESETS.format(period="a.period")}
      FROM released WHERE a.id = ANY(released.accounts)
"""  # noqa: S608
SETTLE = f"WITH released AS ({RELEASED.format(condition='true')}) {SETTLED}"

PRICES = """
    SELECT h.prompt_price, h.completion_price, h.micros FROM agents_hold h
     WHERE h.step_id = %(step)s AND h.released_at IS NULL ORDER BY h.id DESC LIMIT 1
"""

# Nobody ends a step again that has ended, or that is gone.
ORPHANS = """
    SELECT h.id FROM agents_hold h LEFT JOIN agents_step s ON s.id = h.step_id
     WHERE h.released_at IS NULL AND (s.id IS NULL OR s.ended_at IS NOT NULL) LIMIT 100
"""
LOCK_ORPHAN = """
    SELECT a.id FROM agents_hold h JOIN agents_account a ON a.id = ANY(h.accounts)
     WHERE h.id = %(hold)s AND h.released_at IS NULL ORDER BY a.id FOR UPDATE OF a
"""
GIVE_BACK = """
    WITH released AS (
        UPDATE agents_hold h SET released_at = clock_timestamp()
         WHERE h.id = %(hold)s AND h.released_at IS NULL RETURNING h.micros, h.accounts
    )
    UPDATE agents_account a SET held_micros = greatest(0, a.held_micros - released.micros)
      FROM released WHERE a.id = ANY(released.accounts)
"""

# Chains that have been quiet for a day will hardly go on, and what was held long ago tells nobody anything.
FORGET_CHAINS = """
    DELETE FROM agents_account WHERE scope = 'chain' AND held_micros = 0 AND created_at < now() - interval '2 days'
"""
FORGET_HOLDS = "DELETE FROM agents_hold WHERE released_at < now() - interval '30 days'"
