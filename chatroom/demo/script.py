"""The talk of a room as it stands in `talk/*.txt`, read into acts with their times.

    === 3 days ago 09:15            the clock; also "40 minutes ago"
    --- bob +4m as=plan re=idea     bob says what follows, four minutes later; `as` names it, `re` replies to a name
    --- ada +30s to=bob             a whisper
    *** 👍 ada mod                  they mark the message above (`on=plan` another; `-👍` takes the mark away)
    ~~~ ada +9m                     ada edits her last one: what follows is what it says from now on
    xxx bob +40s                    bob takes his last one back
    <<< ada bob                     this far they have read; without it, everything

`{day +2}` in a text is the weekday in two days, `{date +2}` its date: the talk never grows old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

HEAD = re.compile(r"(===|---|\*\*\*|~~~|xxx|<<<) +(.*)")
CLOCK = re.compile(r"(?:(?P<days>\d+) days? ago (?P<hour>\d\d):(?P<minute>\d\d)|(?P<minutes>\d+) minutes ago)")
LATER = re.compile(r"\+(\d+)(s|m|h)")
DAY = re.compile(r"\{(day|date) ([+-]\d+)\}")

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
MARKING = timedelta(seconds=20)


class ScriptError(ValueError):
    """Which line of a script cannot be read."""


@dataclass(frozen=True)
class Act:
    """One thing somebody does. `name` is what other lines call the message, `on` the message it is about."""

    kind: str
    at: datetime
    who: tuple[str, ...] = ()
    text: str = ""
    name: str = ""
    on: str = ""
    to: tuple[str, ...] | None = None
    emoji: str = ""


@dataclass
class Reader:
    """Where the reading is: the clock, and the message that came last, of all and of each."""

    now: datetime
    clock: datetime | None = None
    last: str = ""
    last_of: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def at(self, words: dict[str, str]) -> datetime:
        if self.clock is None:
            raise ScriptError("A script begins with its clock: === 3 days ago 09:15")
        self.clock += duration(words.get("+", ""))
        if self.clock > self.now:
            raise ScriptError("This would be in the future.")
        return self.clock


def read_script(script: str, now: datetime) -> list[Act]:
    """The acts of a script in their order, told at `now`. Raises ScriptError naming the line."""
    reader, acts = Reader(now), []
    for number, mark, head, text in entries(script):
        try:
            acts += READ[mark](reader, head, filled(text, now))
        except ScriptError as error:
            raise ScriptError(f"line {number}: {error}") from None
    return acts


def entries(script: str) -> Iterator[tuple[int, str, str, str]]:
    """(line number, mark, the rest of its line, the text below it)."""
    current: tuple[int, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(script.splitlines(), 1):
        if match := HEAD.fullmatch(line):
            if current:
                yield *current, "\n".join(body).strip()
            current, body = (number, match[1], match[2]), []
        else:
            body.append(line)
    if current:
        yield *current, "\n".join(body).strip()


def filled(text: str, now: datetime) -> str:
    def dated(match: re.Match[str]) -> str:
        day = now + timedelta(days=int(match[2]))
        return f"{day:%A}" if match[1] == "day" else f"{day.day} {day:%B}"

    return DAY.sub(dated, text)


def words_of(head: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The names in front, and what is said of the line: `+4m`, `as=`, `re=`, `on=`, `to=`."""
    names, said = [], {}
    for word in head.split():
        key, equals, value = word.partition("=")
        if word.startswith("+"):
            said["+"] = word
        elif equals:
            said[key] = value
        else:
            names.append(word)
    return tuple(names), said


def duration(word: str) -> timedelta:
    if not word:
        return timedelta()
    match = LATER.fullmatch(word)
    if match is None:
        raise ScriptError(f"{word!r} is no duration like +30s, +4m or +1h.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def clock(reader: Reader, head: str, text: str) -> list[Act]:
    match = CLOCK.fullmatch(head)
    if match is None:
        raise ScriptError(f"{head!r} is no time like '3 days ago 09:15' or '40 minutes ago'.")
    if match["minutes"]:
        at = reader.now - timedelta(minutes=int(match["minutes"]))
    else:
        day = reader.now - timedelta(days=int(match["days"]))
        at = day.replace(hour=int(match["hour"]), minute=int(match["minute"]), second=0, microsecond=0)
    if reader.clock is not None and at <= reader.clock:
        raise ScriptError(f"{head!r} is not after what came before it.")
    reader.clock = at
    return []


def say(reader: Reader, head: str, text: str) -> list[Act]:
    who, said = words_of(head)
    reader.count += 1
    reader.last = reader.last_of[who[0]] = said.get("as", f"#{reader.count}")
    to = tuple(said["to"].split(",")) if "to" in said else None
    return [Act("say", reader.at(said), who, text, reader.last, said.get("re", ""), to)]


def mark(reader: Reader, head: str, text: str) -> list[Act]:
    emoji, _, rest = head.partition(" ")
    who, said = words_of(rest)
    kind = "unmark" if emoji.startswith("-") else "mark"
    about = Act(kind, reader.now, on=said.get("on", reader.last), emoji=emoji.removeprefix("-"))
    return [replace(about, who=(name,), at=marked_at(reader)) for name in who]


def marked_at(reader: Reader) -> datetime:
    """People who react do so a few seconds apart."""
    return reader.at({"+": f"+{int(MARKING.total_seconds())}s"})


def edit(reader: Reader, head: str, text: str) -> list[Act]:
    who, said = words_of(head)
    return [Act("edit", reader.at(said), who, text, on=own(reader, who, said))]


def withdraw(reader: Reader, head: str, text: str) -> list[Act]:
    who, said = words_of(head)
    return [Act("withdraw", reader.at(said), who, on=own(reader, who, said))]


def own(reader: Reader, who: tuple[str, ...], said: dict[str, str]) -> str:
    return said.get("on") or reader.last_of[who[0]]


def read_so_far(reader: Reader, head: str, text: str) -> list[Act]:
    who, said = words_of(head)
    return [Act("read", reader.at(said), who)]


READ = {"===": clock, "---": say, "***": mark, "~~~": edit, "xxx": withdraw, "<<<": read_so_far}
