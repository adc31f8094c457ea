"""Sums over the ledger: what answers took, by whom they were paid, where, by which agent, route and model, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection

from rooms.models import Room, User

from ..models import HOUSE_PAYS, Agent, Purpose, Route

DIMENSIONS = ("person", "room", "agent", "route", "deployment", "model", "purpose", "day")
HOUSE = "house"
PAYER = f"CASE WHEN u.purpose IN {HOUSE_PAYS} THEN '{HOUSE}' ELSE coalesce(u.payer_id::text, '') END"
"""Who pays, as text: a person's id, nothing for one that is gone, or the house."""

# One walk along the index gives all of them. Exactly one key of each row is not that of another set.
SUMS = f"""
    SELECT CASE WHEN GROUPING(s.payer) = 0 THEN 'person' WHEN GROUPING(u.room_id) = 0 THEN 'room'
                WHEN GROUPING(u.agent_id) = 0 THEN 'agent' WHEN GROUPING(u.route_id) = 0 THEN 'route'
                WHEN GROUPING(u.deployment) = 0 THEN 'deployment' WHEN GROUPING(u.model) = 0 THEN 'model'
                WHEN GROUPING(u.purpose) = 0 THEN 'purpose' WHEN GROUPING(s.day) = 0 THEN 'day' ELSE 'all' END,
           coalesce(s.payer, u.room_id::text, u.agent_id::text, u.route_id::text, u.deployment, u.model, u.purpose,
                    s.day::text, ''),
           count(*) FILTER (WHERE u.purpose <> 'excess'),
           coalesce(sum(u.prompt_tokens), 0), coalesce(sum(u.completion_tokens), 0), coalesce(sum(u.cost_micros), 0)
      FROM agents_usage u
     CROSS JOIN LATERAL (SELECT (u.created_at AT TIME ZONE 'UTC')::date AS day, {PAYER} AS payer) s
     WHERE u.created_at >= %(since)s AND u.created_at < %(until)s
       AND (%(person)s::bigint IS NULL OR u.payer_id = %(person)s)
       AND (%(room)s::bigint IS NULL OR u.room_id = %(room)s)
       AND (%(agent)s::bigint IS NULL OR u.agent_id = %(agent)s)
     GROUP BY GROUPING SETS ((s.payer), (u.room_id), (u.agent_id), (u.route_id), (u.deployment), (u.model), (u.purpose),
                             (s.day), ())
     ORDER BY 6 DESC, 4 DESC, 2
"""  # noqa: S608  # only words of our own are formatted in


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days, UTC, both included."""

    first: date
    last: date

    @classmethod
    def of_days(cls, days: int) -> Span:
        today = datetime.now(UTC).date()
        return cls(today - timedelta(days=days - 1), today)

    @classmethod
    def of_month(cls) -> Span:
        today = datetime.now(UTC).date()
        return cls(today.replace(day=1), today)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def bounds(self) -> dict[str, datetime]:
        """From midnight to midnight."""
        return {"since": midnight(self.first), "until": midnight(self.last + timedelta(days=1))}


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@dataclass(slots=True)
class Sum:
    """`key` is an id as text, a model's name or a day; `name` is what people call it."""

    key: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    micros: int = 0
    name: str = ""

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(slots=True)
class Ledger:
    span: Span
    total: Sum = field(default_factory=Sum)
    by: dict[str, list[Sum]] = field(default_factory=lambda: defaultdict(list))

    @property
    def days(self) -> list[Sum]:
        """Each day of the span, those without any answer too."""
        known = {one.key: one for one in self.by["day"]}
        return [known.get(day.isoformat(), Sum(day.isoformat(), name=day.isoformat())) for day in self.span.days]


def ledger(span: Span, *, person: int | None = None, room: int | None = None, agent: int | None = None) -> Ledger:
    """The sums of a span, the dearest first. One query, and one for each kind of names."""
    found = Ledger(span)
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {**span.bounds, "person": person, "room": room, "agent": agent})
        for dimension, key, calls, prompt, completion, micros in cursor.fetchall():
            one = Sum(key, calls, int(prompt), int(completion), int(micros))
            if dimension == "all":
                found.total = one
            else:
                found.by[dimension].append(one)
    for dimension in DIMENSIONS:
        name(dimension, found.by[dimension])
    return found


def name(dimension: str, sums: list[Sum]) -> None:
    names = names_of(dimension, [one.key for one in sums if one.key])
    for one in sums:
        one.name = names.get(one.key, one.key or NOBODY.get(dimension, ""))


NOBODY = {
    "person": "somebody who is gone",
    "room": "no room, or one that is gone",
    "agent": "no agent",
    "route": "without a route",
    "deployment": "without a route",
}


def names_of(dimension: str, keys: Iterable[str]) -> dict[str, str]:
    """Of those that have a name: people, groups, rooms, agents, routes by their ids, and what a model was asked for."""
    if dimension == "purpose":
        return dict(Purpose.choices)
    ids = [key for key in keys if key.isdigit()]
    named: dict[str, Callable[[], Iterable[tuple[Any, str]]]] = {
        "person": lambda: User.objects.filter(pk__in=ids).values_list("pk", "username"),
        "group": lambda: Group.objects.filter(pk__in=ids).values_list("pk", "name"),
        "room": lambda: Room.objects.filter(pk__in=ids).values_list("pk", "slug"),
        "agent": lambda: Agent.objects.filter(pk__in=ids).values_list("pk", "user__username"),
        "route": lambda: Route.objects.filter(pk__in=ids).values_list("pk", "name"),
    }
    found = {str(key): given for key, given in named[dimension]()} if dimension in named and ids else {}
    return {HOUSE: "the house", **found} if dimension == "person" else found
