"""The usual end of an answer as one statement: a run of one step that has said all it wanted to say.

It writes what `endings` writes in seventeen, in the same order of locks: step, task, message, accounts, room. Whatever
is not usual (tools, several agents, names of people in the text, an answer that broke off, a hold on several accounts,
somebody who was quicker) makes it do nothing at all, and `endings` does it. A test compares what the two leave behind.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction

from rooms import markup, prepared, written

from .. import money
from ..llm.port import Usage as Spent
from ..models import Coordination, Reason, Step, Task
from ..money.charging import purpose_of
from ..money.sql import RELEASED, SETTLED
from ..outcomes import Outcome
from ..speaking import tapes
from ..together.work import agent_of
from .afterwards import afterwards

HOLD = f"""released AS ({RELEASED.format(condition="EXISTS (SELECT 1 FROM w)")}
    ), settled AS ({SETTLED} RETURNING 1
    )"""  # noqa: S608
NO_HOLD = "settled AS (SELECT 1 WHERE false)"


def statement(hold: str) -> str:
    return f"""
    WITH s AS MATERIALIZED (
        SELECT id FROM agents_step WHERE id = %(step)s AND fence = %(fence)s AND status = 'running' FOR NO KEY UPDATE
    ), t AS MATERIALIZED (
        SELECT t.trigger_message_id AS question FROM s, agents_task t
         WHERE t.id = %(task)s AND t.status IN ('waiting', 'running') AND t.reply_id = %(message)s
           AND NOT EXISTS (SELECT 1 FROM agents_step o WHERE o.task_id = t.id AND o.id <> s.id)
           FOR NO KEY UPDATE OF t
    ), w AS MATERIALIZED (
        SELECT m.id, m.room_id, t.question FROM t, rooms_message m
         WHERE m.id = %(message)s AND m.state = 'writing' FOR NO KEY UPDATE OF m
    ), charged AS (
        INSERT INTO agents_usage (step_id, fence, purpose, agent_id, room_id, requester_id, payer_id, route_id,
                                  deployment, model, prompt_tokens, completion_tokens, cost_micros, estimated,
                                  created_at)
        SELECT %(step)s, %(fence)s, %(purpose)s, %(agent)s, w.room_id, %(requester)s, %(payer)s, %(route)s,
               %(deployment)s, %(model)s, %(prompt)s, %(completion)s, %(cost)s, %(estimated)s,
               statement_timestamp() FROM w WHERE %(charged)s
    ), {hold}, untaken AS MATERIALIZED (
        SELECT q.id FROM w, rooms_message q
         WHERE %(taped)s AND q.id = w.question AND q.state NOT IN ('redacted', 'withdrawn') FOR SHARE OF q
    ), r AS (
        UPDATE rooms_room q SET last_seq = q.last_seq + 2
          FROM w, (SELECT count(*) FROM settled) AS accounts, (SELECT count(*) FROM untaken) AS question
         WHERE q.id = w.room_id RETURNING q.id, q.slug, q.last_seq - 2 AS before, q.watched
    ), step AS (
        UPDATE agents_step SET status = 'done', ended_at = statement_timestamp(), lease_until = NULL,
               error = '', output = %(output)s::jsonb FROM r WHERE agents_step.id = %(step)s
    ), task AS (
        UPDATE agents_task SET status = 'done', reason = 'answered', notice = '', ended_at = statement_timestamp()
          FROM r WHERE agents_task.id = %(task)s
    ), tape AS ({tapes.INSERT} FROM r, w, {tapes.CALLS}
         WHERE w.question IS NULL OR EXISTS (SELECT 1 FROM untaken) ON CONFLICT DO NOTHING
    ), m AS (
        UPDATE rooms_message SET body = %(body)s, html = %(html)s, mentions = '{{}}', state = 'visible', notice = ''
          FROM r WHERE rooms_message.id = %(message)s RETURNING rooms_message.*
    ), {written.EVENTS}
    """  # noqa: S608  # only fragments of our own are formatted in


FINISH = {0: statement(NO_HOLD), 1: statement(HOLD)}
"""By the number of accounts on which the call was held."""


def finish(step: Step, fence: int, outcome: Outcome) -> bool:
    """Whether the answer was ended here. False: nothing was done, and it is to be ended in the long way."""
    if step.held_on not in FINISH or not is_usual(step, outcome):
        return False
    rows = prepared.fetch(FINISH[step.held_on], params_of(step, fence, outcome))
    if rows:
        step.is_last = True
        written.tell(rows)
        transaction.on_commit(lambda: afterwards(step.task, outcome), robust=True)
    return bool(rows)


def is_usual(step: Step, outcome: Outcome) -> bool:
    task = step.task
    return (
        step.kind == Step.Kind.COMPLETE
        and task.pattern == Coordination.SEPARATE
        and outcome.reason == Reason.ANSWERED
        and not (outcome.calls or outcome.unsaid or outcome.read or outcome.notice or outcome.error)
        and task.reply_id is not None
        and not markup.mentions_in(outcome.text)
        and not took_more(step, outcome)
    )


def took_more(step: Step, outcome: Outcome) -> bool:
    """Than was set aside: the house has to pay the rest."""
    spent = outcome.usage
    return spent is not None and step.held_micros is not None and spent.cost_micros > step.held_micros


def params_of(step: Step, fence: int, outcome: Outcome) -> dict[str, Any]:
    task, spent = step.task, outcome.usage or Spent()
    agent, payer = agent_of(step), money.payer_of(task)
    return {
        "step": step.pk,
        "fence": fence,
        "task": task.pk,
        "message": task.reply_id,
        "agent": agent.pk,
        "requester": task.requester_id,
        "payer": payer.pk if payer else None,
        "purpose": purpose_of(step).value,
        "route": agent.route_id,
        "deployment": outcome.deployment,
        "model": outcome.model or agent.model_name,
        "prompt": spent.prompt_tokens,
        "completion": spent.completion_tokens,
        "cost": spent.cost_micros,
        "estimated": spent.estimated,
        "charged": outcome.usage is not None,
        "taped": bool(outcome.tapes),
        "output": orjson.dumps({"message": str(task.reply_id)} | outcome.output).decode(),
        "body": outcome.text,
        "html": markup.render(outcome.text, []) if outcome.text.strip() else "",
        **tapes.params_of(outcome.tapes),
        **events_of(task, outcome),
    }


def events_of(task: Task, outcome: Outcome) -> dict[str, Any]:
    from .laying import facts_of  # which begins answers, and this ends them

    ended = facts_of(task, status=outcome.status, reason=outcome.reason)
    return written.params_of(("message.finished", {"run": str(task.pk)}, False), ("run.ended", ended, True))
