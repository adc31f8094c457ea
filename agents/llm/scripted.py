"""A model without a model: deterministic, offline, free. The product's default, and the double in tests.

Unasked it improvises from what the room itself said (see `improvisation/`). Tests tell it what to do, in their process:

    scripted.says("Hello", " Ada")              the next reply, in two chunks
    scripted.says("Hel").delay(2).fails("down") and a third way
    scripted.requests[-1].turns                 what it was asked

or, for another process, in the model's name (`scripted:stall`, `scripted:say Hello`) or `params` (`{"script": [...]}`).
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from django.conf import settings

from agents.llm import bills
from agents.llm.deadlines import Sign, guarded
from agents.llm.errors import Deadline, Kind, LLMError
from agents.llm.improvisation import improvise
from agents.llm.port import Finish, Part, Reason, Request, Text, Thought, ToolCall, Usage
from agents.llm.pricing import Price, price_of
from agents.llm.script import Reply, Step, paces_in, script_of

FOREVER = 24 * 3600.0
REMEMBERED = 100
WORD = re.compile(r"\s*\S+\s*")


class Scripted:
    """See `port.Backend`. Replies put in the queue come first; then the request's own script; then improvisation."""

    def __init__(self) -> None:
        self.queue: deque[Reply] = deque()
        self.requests: deque[Request] = deque(maxlen=REMEMBERED)

    def reset(self) -> None:
        self.queue.clear()
        self.requests.clear()

    def next_reply(self) -> Reply:
        """A reply that will be the one after those already in the queue; say on it what it does."""
        self.queue.append(Reply())
        return self.queue[-1]

    def says(self, *pieces: str) -> Reply:
        return self.next_reply().says(*pieces)

    def thinks(self, *pieces: str) -> Reply:
        return self.next_reply().thinks(*pieces)

    def delay(self, seconds: float) -> Reply:
        return self.next_reply().delay(seconds)

    def stalls(self) -> Reply:
        return self.next_reply().stalls()

    def truncates(self, *pieces: str) -> Reply:
        return self.next_reply().says(*pieces).truncates()

    def calls(self, name: str, /, **arguments: Any) -> Reply:
        return self.next_reply().calls(name, **arguments)

    def fails(self, kind: Kind, retry_after: float | None = None, deadline: Deadline | None = None) -> Reply:
        return self.next_reply().fails(kind, retry_after, deadline)

    def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        self.requests.append(request)
        steps = self.queue.popleft().steps if self.queue else script_of(request)
        return guarded(perform(request, steps), request, self.usage_of)

    def sees(self, model: str) -> bool:
        return False

    def price_of(self, request: Request) -> Price:
        return price_of(request)

    def usage_of(self, request: Request, written: str) -> Usage:
        return bills.estimated(request, written)

    async def warm(self) -> None:
        """Nothing to pay."""

    async def close(self) -> None:
        """Nothing to give back."""


async def perform(request: Request, steps: list[Step]) -> AsyncGenerator[Part | Sign, None]:
    """The steps at the request's pace, up to `max_tokens`."""
    pace = Pace(request)
    written: list[str] = []
    left = 4 * int(request.params.get("max_tokens") or FOREVER)  # in bytes, see `count_tokens`
    for number, step in enumerate(steps, 1):
        if "wait" in step or "stall" in step:
            await asyncio.sleep(float(step.get("wait", FOREVER)))
        if "fail" in step:
            raise LLMError(step["fail"], retry_after=step.get("retry_after"), deadline=step.get("deadline"))
        if call := step.get("call"):
            yield ToolCall(call.get("id", f"call_{number}"), call["name"], call["arguments"])
        if "think" in step:
            yield Thought(step["think"])
        for piece in pieces_of(request, step):
            await pace.next()
            yield Text(piece)
            written.append(piece)
            left -= len(piece.encode("utf-8", "replace"))
            if left <= 0:
                yield Finish("length", bills.estimated(request, "".join(written)))
                return
    reason: Reason = next((step["finish"] for step in steps if "finish" in step), "stop")
    yield Finish(reason, bills.estimated(request, "".join(written)))


def pieces_of(request: Request, step: Step) -> Iterator[str]:
    if "say" in step:
        yield step["say"]
    if "improvise" in step:
        yield from WORD.findall(improvise(request))
    while "repeat" in step:
        yield step["repeat"]


class Pace:
    """When each token is due, counted from the start so that no lateness adds up.

    Set by `LLM_SCRIPTED_FIRST_TOKEN_MS` and `LLM_SCRIPTED_TOKENS_PER_SECOND` (0: at once), by `params` of the names
    `first_token_ms` and `tokens_per_second`, or in the model's name.
    """

    def __init__(self, request: Request) -> None:
        named = paces_in(request.model)
        params = request.params
        rate = float(params.get("tokens_per_second", settings.LLM_SCRIPTED_TOKENS_PER_SECOND))
        first = float(params.get("first_token_ms", settings.LLM_SCRIPTED_FIRST_TOKEN_MS))
        self.interval = named["i"] / 1000 if "i" in named else (1 / rate if rate else 0.0)
        self.loop = asyncio.get_running_loop()
        self.due = self.loop.time() + named.get("f", first) / 1000

    async def next(self) -> None:
        late_by = self.loop.time() - self.due
        if late_by > 1.0:  # a scripted wait, or a reader that held us up: go on at the same pace from here
            self.due += late_by
        if late_by < 0:
            await asyncio.sleep(-late_by)
        self.due += self.interval
