"""What was taken back, and the forbidden word: looked for in every table and in Redis."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from redis import Redis

from ..findings import Invariant
from ..gate import WORD
from ..town import Town
from ..words import MARK, REPEATED, SAID

STATES = "SELECT id::text, state FROM rooms_message WHERE state IN ('withdrawn', 'redacted')"
DONE = """
    SELECT s.id::text, s.kind, t.trigger_message_id::text, t.reply_id::text,
           s.title || s.input::text || s.output::text
           || coalesce((SELECT string_agg(tape::text, ' ') FROM agents_tape tape WHERE tape.step_id = s.id), '')
      FROM agents_step s JOIN agents_task t ON t.id = s.task_id"""
AROUND = 100


def check(town: Town) -> None:
    gone = {message for message, _ in town.house.sql(STATES)}
    marks = {mark for message in gone & town.said.by_id.keys() for mark in town.said.by_id[message].marks}
    town.findings.facts["taken back"] = len(gone)
    for where, text in [*dumped(town), *cached(town)]:
        look_at(town, where, text, marks)
    for step, kind, asked, reply, text in town.house.sql(DONE):
        if {asked, reply} & gone and (found := REPEATED.search(text)):
            town.findings.violated(Invariant.FORGOTTEN, "done for it", step, kind, around(text, found.start()))


def look_at(town: Town, where: str, text: str, gone: set[str]) -> None:
    for found in SAID.finditer(text):
        if found[0] in gone:
            town.findings.violated(Invariant.FORGOTTEN, where, around(text, found.start()))
    if (at := text.find(WORD)) >= 0:
        town.findings.violated(Invariant.FORBIDDEN, where, around(text, at))


def around(text: str, at: int) -> str:
    return f"…{text[max(0, at - AROUND) : at + AROUND]}…"


def dumped(town: Town) -> Iterator[tuple[str, str]]:
    """Every row of every table, with the beginning of its statement."""
    postgres = town.house.pair.postgres.service
    command = [str(postgres.programs / "pg_dump"), "--data-only", "--inserts", postgres.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    for line in done.stdout.splitlines():
        if MARK.search(line) or WORD in line:
            yield line.partition(" VALUES")[0][:60], line


def cached(town: Town) -> Iterator[tuple[str, str]]:
    with town.house.pair.redis.service.client() as client:
        for key in client.scan_iter(count=1000):
            yield f"Redis {key!r}", held(client, key)
        town.findings.facts["keys in Redis"] = client.dbsize()


def held(client: Redis, key: bytes) -> str:
    """What is read as it is written; only a key that went meanwhile is nothing."""
    kind = client.type(key)
    read = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"stream": lambda: client.xrange(key),
        b"none": lambda: "",
    }
    return repr(read[kind if isinstance(kind, bytes) else str(kind).encode()]())
