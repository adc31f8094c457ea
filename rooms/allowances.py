"""How often people may do what others have to bear: an exact count in PostgreSQL, in one conditional statement.

A window begins with the first use and is over a minute, or a day, after it. What is refused is not counted. Fragments
here are part of the statements that do the thing itself, so that counting costs no round trip and nothing is counted
that was not done. It works without Redis.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.db import connection

from .errors import QuotaExceeded, RateLimited, RoomsError
from .models import User
from .models.allowance import What
from .spans import counted, in_words

SPANS = {What.SEND: "1 minute", What.ASK: "1 minute", What.ASK_DAY: "1 day", What.UPLOAD: "1 minute"}

SENTENCES = {
    What.SEND: "You have sent {messages} in this room within a minute. You can go on in {wait}.",
    What.ASK: "You have asked agents {times} in this room within a minute. You can go on in {wait}.",
    What.ASK_DAY: "You have asked agents {times} within a day. You can ask again in {wait}.",
    What.UPLOAD: "You have uploaded {files} within a minute. You can go on in {wait}.",
}


def most_sql(what: str, role: str) -> str:
    """How many the user `u` may, by SQL that says their `role` in the room; 0 is any number. Wants the parameters of
    `defaults`. Machines have limits of their own."""
    return f"""
        CASE WHEN u.is_superuser OR u.kind IN ('agent', 'system') THEN 0 ELSE coalesce((
            SELECT a.amount FROM rooms_allowance a
             WHERE a.what = '{what}' AND (a.person_id = u.id OR a.role <> '' AND a.role = {role} OR a.kind = u.kind
                   OR a.group_id IN (SELECT g.group_id FROM rooms_user_groups g WHERE g.user_id = u.id))
             ORDER BY CASE WHEN a.person_id IS NOT NULL THEN 0 WHEN a.group_id IS NOT NULL THEN 1
                           WHEN a.role <> '' THEN 2 ELSE 3 END, a.amount = 0 DESC, a.amount DESC LIMIT 1),
            CASE WHEN u.kind = 'guest' OR {role} = 'guest' THEN %({what}_guest)s ELSE %({what})s END) END
    """  # noqa: S608  # only fragments of our own are formatted in


def count_sql(what: What) -> str:
    """The end of an INSERT of (user, room, what, since, used, most, told) as `t`: counts what fits, or gives no row."""
    over = f"t.since <= statement_timestamp() - interval '{SPANS[what]}'"
    return f"""
        ON CONFLICT (user_id, room_id, what) DO UPDATE
           SET since = CASE WHEN {over} THEN excluded.since ELSE t.since END,
               used = CASE WHEN {over} THEN 0 ELSE t.used END + excluded.used,
               told = t.told AND NOT ({over}), most = excluded.most
         WHERE ({over}) OR t.used + excluded.used <= excluded.most
    """  # noqa: S608


def defaults(*whats: What) -> dict[str, int]:
    """What the settings say, as parameters."""
    given = {
        What.SEND: (settings.SENDS_PER_MINUTE, settings.SENDS_PER_MINUTE_GUEST),
        What.ASK: (settings.ASKS_PER_MINUTE, settings.ASKS_PER_MINUTE_GUEST),
        What.ASK_DAY: (settings.ASKS_PER_DAY, settings.ASKS_PER_DAY),
        What.UPLOAD: (settings.UPLOADS_PER_MINUTE, settings.UPLOADS_PER_MINUTE_GUEST),
    }
    found: dict[str, int] = {}
    for what in whats:
        people, guests = given[what]
        found |= {what.value: people, f"{what.value}_guest": guests if people else 0}
    return found


UNCOUNTED = {"send": 0, "send_guest": 0}
"""Parameters of a statement that counts nothing, where no allowance says otherwise."""


def used_up(what: What, used: int, wait: float | None) -> RoomsError:
    """The refusal, with when there is more."""
    seconds = max(1, ceil(wait or 0))
    said = {
        "messages": counted(used, "message"),
        "times": counted(used, "time"),
        "files": counted(used, "file"),
        "wait": in_words(seconds),
    }
    error = QuotaExceeded if what == What.ASK_DAY else RateLimited
    return error(SENTENCES[what].format(**said), retry_after=seconds)


MINE = f"""
    SELECT w.what, CASE w.what WHEN 'send' THEN {most_sql("send", "''::text")}
                               WHEN 'ask' THEN {most_sql("ask", "''::text")}
                               WHEN 'upload' THEN {most_sql("upload", "''::text")}
                               ELSE {most_sql("ask_day", "''::text")} END, t.used, t.most, r.slug, r.name, t.until
      FROM rooms_user u CROSS JOIN (VALUES (1, 'send'), (2, 'ask'), (3, 'ask_day'), (4, 'upload')) AS w(place, what)
      LEFT JOIN LATERAL (
           SELECT t.*, t.since + CASE t.what WHEN 'ask_day' THEN interval '1 day' ELSE interval '1 minute' END AS until
             FROM rooms_tally t WHERE t.user_id = u.id AND t.what = w.what) t ON t.until > now()
      LEFT JOIN rooms_room r ON r.id = t.room_id
     WHERE u.id = %(user)s ORDER BY w.place, r.slug
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be done how often. `used` counts the window that is open, in the room of that name if it is one for each
    room; without one nothing was used. No `limit`: any number."""

    what: str
    limit: int | None
    used: int = 0
    room: str = ""
    room_name: str = ""
    resets_at: datetime | None = None

    @property
    def label(self) -> str:
        return What(self.what).label

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def share(self) -> int:
        """Per cent of it that is gone."""
        return min(100, round(100 * self.used / self.limit)) if self.limit else 0

    def as_facts(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "per": "day" if self.what == What.ASK_DAY else "minute",
            "room": self.room or None,
            "limit": self.limit,
            "used": self.used,
            "left": self.left,
            "resets_at": self.resets_at and self.resets_at.isoformat().replace("+00:00", "Z"),
        }


def limits_of(user: User) -> list[Limit]:
    """What this person may do and has done. One query."""
    with connection.cursor() as cursor:
        cursor.execute(MINE, {"user": user.pk, **defaults(*What)})
        rows = cursor.fetchall()
    return [
        Limit(what, (most_here if used and most else most) or None, used or 0, slug or "", name or "", until)
        for what, most, used, most_here, slug, name, until in rows
    ]


# What one may do everywhere goes by the role one has in no room: by person, group or kind.
COUNT_UPLOAD = f"""
    WITH me AS MATERIALIZED (
        SELECT u.id, {most_sql("upload", "''::text")} AS most FROM rooms_user u WHERE u.id = %(user)s
    ), counted AS (
        INSERT INTO rooms_tally AS t (user_id, room_id, what, since, used, most, told)
        SELECT me.id, NULL, 'upload', statement_timestamp(), 1, me.most, false FROM me WHERE me.most > 0
        {count_sql(What.UPLOAD)} RETURNING 1
    )
    SELECT t.used, extract(epoch FROM t.since + interval '1 minute' - clock_timestamp())::float
      FROM me LEFT JOIN rooms_tally t ON t.user_id = me.id AND t.room_id IS NULL AND t.what = 'upload'
     WHERE me.most > 0 AND NOT EXISTS (SELECT 1 FROM counted)
"""  # noqa: S608


def count_upload(user: User) -> None:
    """Raises RateLimited when this person has uploaded all they may for now; else it is counted."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_UPLOAD, {"user": user.pk, **defaults(What.UPLOAD)})
        row = cursor.fetchone()
    if row is not None:
        raise used_up(What.UPLOAD, row[0] or 1, row[1])


FORGET = """
    DELETE FROM rooms_tally WHERE id IN (
        SELECT id FROM rooms_tally WHERE since < now() - interval '1 day' FOR UPDATE SKIP LOCKED)
"""


def forget_old() -> int:
    """Clear away what no longer counts; for a periodic task."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        return cursor.rowcount
