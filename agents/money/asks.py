"""How often people may ask agents: a minute in one room, and a day over all rooms. See `rooms.allowances`.

What somebody posts beyond that is posted all the same, it is their word; but agents do not answer it. The room reads
why once in each window, not under every question.
"""

from __future__ import annotations

from dataclasses import dataclass

from rooms import prepared
from rooms.allowances import SPANS, count_sql, defaults, most_sql, used_up
from rooms.errors import RoomsError
from rooms.models import Room, User
from rooms.models.allowance import What

from ..models import Reason
from ..outcomes import Outcome


# A question refused for the day leaves its mark on the minute: nobody can ask meanwhile anyway.
def counting(condition: str) -> str:
    """The beginning of a statement that counts a question if the condition holds, up to its last bracket. `USED_UP`
    then says of `me` what it was refused for; there is no `me` without the condition."""
    return f"""me AS MATERIALIZED (
        SELECT u.id, {most_sql("ask", "s.role")} AS most, {most_sql("ask_day", "s.role")} AS most_a_day
          FROM rooms_user u LEFT JOIN rooms_membership s ON s.user_id = u.id AND s.room_id = %(room)s
         WHERE u.id = %(user)s AND {condition}
    ), minute AS (
        INSERT INTO rooms_tally AS t (user_id, room_id, what, since, used, most, told)
        SELECT me.id, %(room)s, 'ask', statement_timestamp(), 1, me.most, false FROM me WHERE me.most > 0
        {count_sql(What.ASK)} RETURNING 1
    ), day AS (
        INSERT INTO rooms_tally AS t (user_id, room_id, what, since, used, most, told)
        SELECT me.id, NULL, 'ask_day', statement_timestamp(), 1, me.most_a_day, false FROM me
         WHERE me.most_a_day > 0 AND (me.most = 0 OR EXISTS (SELECT 1 FROM minute))
        {count_sql(What.ASK_DAY)} RETURNING 1
    """  # noqa: S608  # only fragments of our own are formatted in


USED_UP = """CASE WHEN me.most > 0 AND NOT EXISTS (SELECT 1 FROM minute) THEN 'ask'
                WHEN me.most_a_day > 0 AND NOT EXISTS (SELECT 1 FROM day) THEN 'ask_day' END"""
COUNT = f"WITH {counting('true')}) SELECT {USED_UP} FROM me"  # noqa: S608

STANDING = """
    SELECT t.used, t.since, extract(epoch FROM t.since + %(span)s::interval - clock_timestamp())::float
      FROM rooms_tally t
     WHERE t.user_id = %(user)s AND t.what = %(what)s AND (t.room_id = %(room)s OR t.what = 'ask_day')
    FOR UPDATE
"""

TOLD = """
    SELECT EXISTS (SELECT 1 FROM agents_task t WHERE t.room_id = %(room)s AND t.requester_id = %(user)s
                      AND t.reason = 'quota' AND t.reply_id IS NOT NULL AND t.ended_at >= %(since)s)
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No more for now. `told`: this room has read it in this window already."""

    error: RoomsError
    told: bool

    @property
    def outcome(self) -> Outcome:
        notice = self.error.detail.replace("You have", "Whoever asked has", 1).replace("You can", "They can", 1)
        return Outcome(Reason.QUOTA, notice=notice, aloud=not self.told)


def take(user: User, room: Room) -> None:
    """Count what somebody asks without a message. Raises RateLimited or QuotaExceeded. Wants to be called before the
    room is locked."""
    what = count(user, room)
    if what is not None:
        raise refusal(what, user, room).error


def count(user: User, room: Room) -> What | None:
    """What is used up, if anything."""
    rows = prepared.fetch(COUNT, {"user": user.pk, "room": room.pk, **limits()})
    return What(rows[0][0]) if rows and rows[0][0] else None


def limits() -> dict[str, int]:
    return defaults(What.ASK, What.ASK_DAY)


def refusal(what: What, user: User, room: Room) -> Refusal:
    """Wants the transaction that counted, and that keeps what comes of it: until it ends, whoever is refused next waits
    to see whether the room has been told."""
    facts = {"user": user.pk, "room": room.pk, "what": what.value, "span": SPANS[what]}
    rows = prepared.fetch(STANDING, facts)
    if not rows:
        return Refusal(used_up(what, 1, 1), told=True)
    used, since, wait = rows[0]
    told = prepared.fetch(TOLD, facts | {"since": since})
    return Refusal(used_up(what, used, wait), told=bool(told[0][0]))
