"""When a seat speaks by the clock: five fields as for cron, in UTC. Days of the month and of the week must both fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.schedules import ParseException, crontab

from rooms.errors import Invalid

MINUTE = timedelta(minutes=1)
LATE = 5
"""Minutes after which a slot that nobody took, since beat was down, is let go."""
FAR = 8 * 366
"""Days to look ahead: from one 29th of February to the next there may be eight years."""
SYNTAX = "Five fields as for cron, in UTC: minute, hour, day of the month, month, day of the week. «0 9 * * 1-5»."


@dataclass(frozen=True, slots=True)
class Times:
    """The minutes a schedule names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def has_day(self, day: datetime) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def has(self, moment: datetime) -> bool:
        return moment.minute in self.minutes and moment.hour in self.hours and self.has_day(moment)


def parsed(expression: str) -> Times:
    """Raises Invalid."""
    try:
        found: Any = crontab.from_string(expression)
    except (ValueError, ParseException) as error:
        why = "" if len(expression.split()) != 5 else f" {error}"
        raise Invalid(fields={"schedule": [f"{SYNTAX}{why}"]}) from None
    fields = found.minute, found.hour, found.day_of_month, found.month_of_year, found.day_of_week
    return Times(*map(frozenset, fields))


def checked(expression: str) -> str:
    """As it is kept. Raises Invalid, also for a moment that never comes."""
    expression = " ".join(expression.split())
    if next_slot(expression, datetime.now(UTC)) is None:
        raise Invalid(fields={"schedule": ["There is no such day."]})
    return expression


def minute_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def due_slot(expression: str, now: datetime) -> datetime | None:
    """The last minute that the schedule names, if it was just now."""
    when, slot = parsed(expression), minute_of(now)
    for _ in range(LATE):
        if when.has(slot):
            return slot
        slot -= MINUTE
    return None


def next_slot(expression: str, now: datetime) -> datetime | None:
    """The first minute after this one that the schedule names."""
    when, first = parsed(expression), minute_of(now) + MINUTE
    times = [timedelta(hours=hour, minutes=minute) for hour in sorted(when.hours) for minute in sorted(when.minutes)]
    midnight = first.replace(hour=0, minute=0)
    for number in range(FAR):
        day = midnight + timedelta(days=number)
        if when.has_day(day):
            found = next((day + time for time in times if day + time >= first), None)
            if found is not None:
                return found
    return None
