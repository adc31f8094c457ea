"""Opening a chain, taking one of its turns, and looking whether its time or money is used up."""

# What people ask for again begins anew: it takes no turn, and its time is its own.
OPEN = """
    INSERT INTO agents_chain (root_id, room_id, turns, bound, started_at)
    SELECT m.id, m.room_id, CASE WHEN again.at IS NOT NULL THEN 0 ELSE (
               SELECT count(*) FROM agents_task t
                WHERE (t.root_message_id = m.id OR t.reply_id = m.id AND t.root_message_id IS NULL)
                  AND t.reason <> 'merged') END,
           '', coalesce(again.at, m.created_at)
      FROM rooms_message m
      LEFT JOIN LATERAL (SELECT max(t.created_at) AS at FROM agents_task t
                          WHERE t.root_message_id = m.id AND t.attempt > 1) again ON true
     WHERE m.id = %(root)s
    ON CONFLICT DO NOTHING
"""

# Steps may wait for people at the same time as others; what they share counts once.
WAITED = """(SELECT coalesce(sum(upper(waited) - lower(waited)), interval '0') FROM (
               SELECT unnest(range_agg(tstzrange(
                          greatest(w.since, c.started_at),
                          greatest(w.since, c.started_at, coalesce(w.until, clock_timestamp()))))) AS waited
                 FROM agents_wait w JOIN agents_task t ON t.id = w.task_id
                WHERE t.root_message_id = %(root)s OR t.reply_id = %(root)s) stretches)"""

SPENT = """(SELECT coalesce(sum(u.cost_micros), 0) FROM agents_usage u JOIN agents_step s ON s.id = u.step_id
             JOIN agents_task t ON t.id = s.task_id
            WHERE t.root_message_id = %(root)s OR t.reply_id = %(root)s)"""

TAKE = f"""
    UPDATE agents_chain c SET turns = c.turns + 1
     WHERE c.root_id = %(root)s AND c.turns < %(turns)s
       AND c.started_at + make_interval(secs => %(seconds)s) + {WAITED} > clock_timestamp()
       AND {SPENT} < greatest(%(cost)s, 1)
"""  # noqa: S608  # nothing of anybody's is formatted in

LOOK = f"""
    SELECT c.started_at + make_interval(secs => %(seconds)s) + {WAITED} <= clock_timestamp(),
           {SPENT} >= greatest(%(cost)s, 1)
      FROM agents_chain c WHERE c.root_id = %(root)s
"""  # noqa: S608
