"""When a seat speaks by the clock: five fields as for cron, in UTC. Days of the month and of the week must both fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery.schedules import ParseException, crontab

from rooms.errors import Invalid

MINUTE = timedelta(minutes=1)
LATE = 5
"""Minutes after which a slot that nobody took, since beat was down, is let go."""
FAR = 8 * 366
"""Days to look ahead: from one 29th of February to the next there may be eight years."""
SYNTAX = "Five fields as for cron, in UTC: minute, hour, day of the month, month, day of the week. «0 9 * * 1-5»."


def parsed(expression: str) -> crontab:
    """Raises Invalid."""
    try:
        found = crontab.from_string(expression)
    except (ValueError, ParseException) as error:
        why = "" if len(expression.split()) != 5 else f" {error}"
        raise Invalid(fields={"schedule": [f"{SYNTAX}{why}"]}) from None
    if not (found.minute and found.hour):
        raise Invalid(fields={"schedule": [SYNTAX]})
    return found


def checked(expression: str) -> str:
    """As it is kept. Raises Invalid, also for a moment that never comes."""
    expression = " ".join(expression.split())
    if next_slot(expression, datetime.now(UTC)) is None:
        raise Invalid(fields={"schedule": ["There is no such day."]})
    return expression


def is_day(when: crontab, day: datetime) -> bool:
    return day.month in when.month_of_year and day.day in when.day_of_month and day.isoweekday() % 7 in when.day_of_week


def minute_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def due_slot(expression: str, now: datetime) -> datetime | None:
    """The last minute that the schedule names, if it was just now."""
    when, slot = parsed(expression), minute_of(now)
    for _ in range(LATE):
        if slot.minute in when.minute and slot.hour in when.hour and is_day(when, slot):
            return slot
        slot -= MINUTE
    return None


def next_slot(expression: str, now: datetime) -> datetime | None:
    """The first minute after this one that the schedule names."""
    when, first = parsed(expression), minute_of(now) + MINUTE
    times = [timedelta(hours=hour, minutes=minute) for hour in sorted(when.hour) for minute in sorted(when.minute)]
    midnight = first.replace(hour=0, minute=0)
    for number in range(FAR):
        day = midnight + timedelta(days=number)
        if is_day(when, day):
            found = next((day + time for time in times if day + time >= first), None)
            if found is not None:
                return found
    return None
