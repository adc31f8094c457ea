"""Costs that are out of the ordinary: noticed each few minutes, told once for each subject and window.

Today and the last hour of each person, room and agent are held against their own last seven days; budgets are told of
at four fifths and at their end. Whoever wants to hear of it reads the log, the console (`alarms.json` counts them), a
webhook or their mail: see `agents.money.alarms`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from ..models import Account, Alarm
from . import alarms
from .ledger import HOUSE, PAYER, names_of
from .sql import FORGET_CHAINS, FORGET_HOLDS
from .words import dollars

log = logging.getLogger(__name__)

SPENDING = f"""
    SELECT CASE WHEN GROUPING(s.payer) = 0 THEN 'person' WHEN GROUPING(u.room_id) = 0 THEN 'room' ELSE 'agent' END,
           coalesce(s.payer, u.room_id::text, u.agent_id::text, ''),
           coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at >= %(today)s), 0)::bigint,
           coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at < %(today)s), 0)::float / 7,
           coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at >= %(hour)s), 0)::bigint,
           coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at < %(hour)s), 0)::float / 168
      FROM agents_usage u CROSS JOIN LATERAL (SELECT {PAYER} AS payer) s
     WHERE u.created_at >= %(today)s - interval '7 days'
     GROUP BY GROUPING SETS ((s.payer), (u.room_id), (u.agent_id))
    HAVING coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at >= %(today)s), 0) >= %(floor)s
        OR coalesce(sum(u.cost_micros) FILTER (WHERE u.created_at >= %(hour)s), 0) >= %(floor)s
"""  # noqa: S608  # only words of our own are formatted in


@dataclass(frozen=True, slots=True)
class Sign:
    """Something out of the ordinary. The same again in the same `window` is the same."""

    scope: str
    key: str
    kind: str
    window: str
    micros: int
    words: str


@shared_task(name="agents.watch_costs")
def watch_costs() -> None:
    """Beat calls this each five minutes."""
    if notice():
        alarms.deliver_alarms()
    forget()


def notice() -> list[Alarm]:
    """Tell of what was not told of yet. Safe to run twice at once: the row decides who tells."""
    signs = [*too_fast(datetime.now(UTC)), *nearly_spent()]
    told = [alarm for sign in signs if (alarm := first_of(sign)) is not None]
    for alarm in told:
        log.warning("cost alarm %s: %s", alarm.kind, alarm.sentence)
    return told


def too_fast(now: datetime) -> Iterator[Sign]:
    """Three times what is usual, and not a trifle."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    facts: dict[str, Any] = {"today": today, "hour": hour, "floor": settings.COST_ALERT_FLOOR_MICROS}
    with connection.cursor() as cursor:
        cursor.execute(SPENDING, facts)
        rows = cursor.fetchall()
    for scope, key, in_day, usual_day, in_hour, usual_hour in rows:
        if not key and scope != "person":
            continue  # probes are of no room and no agent; the house is told of them
        if is_unusual(in_day, usual_day):
            words = f"today, usually {dollars(round(usual_day))} a day"
            yield Sign(scope, key, "day", f"{today:%Y-%m-%d}", in_day, words)
        if is_unusual(in_hour, usual_hour):
            words = f"within this hour, usually {dollars(round(usual_hour))} an hour"
            yield Sign(scope, key, "hour", f"{hour:%Y-%m-%dT%H}", in_hour, words)


def is_unusual(spent: int, usual: float) -> bool:
    return spent >= settings.COST_ALERT_FLOOR_MICROS and spent > settings.COST_ALERT_FACTOR * usual


def nearly_spent() -> Iterator[Sign]:
    """Budgets of which four fifths are gone, or all."""
    running = Account.objects.filter(Q(resets_at=None) | Q(resets_at__gt=Now()), limit_micros__gt=0)
    for account in running.exclude(scope="chain").filter(spent_micros__gte=F("limit_micros") * 0.8):
        limit = account.limit_micros or 0
        kind = "budget_100" if account.spent_micros >= limit else "budget_80"
        window = f"{account.period} {account.resets_at:%Y-%m-%d}" if account.resets_at else f"{account.period} {limit}"
        words = f"of {dollars(limit)} for {'ever' if account.period == 'none' else f'this {account.period}'}"
        yield Sign(account.scope, account.key, kind, window, account.spent_micros, words)


@transaction.atomic
def first_of(sign: Sign) -> Alarm | None:
    """The alarm, on its way to whoever is to hear of it, if this is the first of its window."""
    name = names_of(sign.scope, [sign.key]).get(sign.key, sign.key) if sign.key else "somebody who is gone"
    who = "The house" if sign.key == HOUSE else f"{sign.scope.capitalize()} {name}"
    sentence = f"{who} has spent {dollars(sign.micros)} {sign.words}."
    facts: dict[str, Any] = {"name": name[:128], "sentence": sentence[:280], "spent_micros": sign.micros}
    alarm, is_new = Alarm.objects.get_or_create(
        scope=sign.scope, key=sign.key, kind=sign.kind, window=sign.window, defaults=facts
    )
    if not is_new:
        return None
    alarms.put_in_outbox(alarm)
    return alarm


def forget() -> None:
    """What nobody will ask for any more."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_CHAINS)
        cursor.execute(FORGET_HOLDS)
