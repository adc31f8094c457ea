"""Who is here. Each process says every few seconds whom it has in which room, and tells its listeners what changed.

A room's set lives in Redis with an expiry per person and process, by Redis's clock: a process that died is forgotten
after `LASTS` seconds. Without Redis, a process knows its own listeners only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from redis.asyncio import Redis

from .frames import passing
from .store import key, store

if TYPE_CHECKING:
    from .channels import RoomChannel
    from .hub import Hub

log = logging.getLogger(__name__)

BEAT = 2.0
LASTS = 12

# Mine are these (ARGV 3…): renew them, drop those of mine that are gone and whatever has expired; who is there now?
EXCHANGE = """
local now = tonumber(redis.call('TIME')[1])
local mine = {}
for i = 3, #ARGV do
  local member = ARGV[i] .. '|' .. ARGV[1]
  mine[member] = true
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), member)
end
local suffix = '|' .. ARGV[1]
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(member, -string.len(suffix)) == suffix and not mine[member] then redis.call('ZREM', KEYS[1], member) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""

PRESENT = """
local now = tonumber(redis.call('TIME')[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
"""


class Presence:
    """The beat of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = uuid4().hex
        self._known: dict[int, set[str]] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self.exchange(tuple(self._hub.rooms.values()))
            except Exception:
                log.exception("presence missed a beat")

    async def exchange(self, channels: Sequence[RoomChannel]) -> None:
        """Say whom we have in these rooms, hear whom the others have, and tell our listeners the difference."""
        ours = [names_in(channel) for channel in channels]
        answers = await store().ask(lambda redis: self._ask(redis, channels, ours)) if channels else None
        for position, channel in enumerate(channels):
            here = ours[position] if answers is None else ours[position] | people(answers[position])
            self._tell(channel, here)
        self._known = {room_id: here for room_id, here in self._known.items() if room_id in self._hub.rooms}

    async def _ask(
        self, redis: Redis, channels: Sequence[RoomChannel], ours: Sequence[set[str]]
    ) -> list[Iterable[str]]:
        async with redis.pipeline(transaction=False) as pipe:
            for channel, names in zip(channels, ours, strict=True):
                pipe.eval(EXCHANGE, 1, key("here", channel.room_id), self._process, LASTS, *names)
            answers: list[Iterable[str]] = await pipe.execute()
            return answers

    def _tell(self, channel: RoomChannel, here: set[str]) -> None:
        before = self._known.get(channel.room_id, channel.first)
        self._known[channel.room_id] = here
        if before != here:
            data = {"joined": sorted(here - before), "left": sorted(before - here)}
            channel.receive(passing("presence", room_id=channel.room_id, slug=channel.slug, data=data))

    async def in_room(self, channel: RoomChannel) -> list[str]:
        """Who is here now, in step with the changes its listeners are told of."""
        await self.exchange([channel])
        return sorted(self._known.get(channel.room_id, ()))


def names_in(channel: RoomChannel) -> set[str]:
    return {feed.listener.principal.user.username for feed in channel.feeds if not feed.quiet}


def people(members: Iterable[str]) -> set[str]:
    return {member.rpartition("|")[0] for member in members}


async def who(room_id: int) -> list[str]:
    """The usernames of those who have the room open, in any process; nobody when Redis is away."""
    members = await store().ask(lambda redis: redis.eval(PRESENT, 1, key("here", room_id)))
    return sorted(people(members or []))
