"""Listening to a model until its reply ends, one way or the other."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from agents.llm.port import Backend, Deadlines, Finish, Limits, LLMError, Part, Request, Text, ToolCall, Turn

SHORT = Deadlines(connect=1, first_token=1, idle=0.5, total=2)
USUAL = Limits()
PATIENT = Deadlines(connect=10, first_token=30, idle=30, total=60)


@dataclass
class Heard:
    """What came, what went wrong, and how long it took."""

    parts: list[Part] = field(default_factory=list)
    error: LLMError | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> list[ToolCall]:
        return [part for part in self.parts if isinstance(part, ToolCall)]

    @property
    def finish(self) -> Finish:
        assert self.error is None, self.error
        assert isinstance(self.parts[-1], Finish)
        return self.parts[-1]

    @property
    def trouble(self) -> LLMError:
        assert self.error is not None, f"went well: {self.parts}"
        return self.error


def asking(
    model: str,
    *said: str,
    params: dict[str, Any] | None = None,
    deadlines: Deadlines = PATIENT,
    limits: Limits = USUAL,
    system: str = "You are Echo (@echo), a member of a chat room.",
) -> Request:
    """Each of `said` is `who: what`."""
    turns = [Turn("user", line, line.split(":")[0]) for line in said or ("ada: hello",)]
    return Request(model, (Turn("system", system), *turns), params or {}, deadlines, limits)


async def hear(backend: Backend, request: Request) -> Heard:
    heard, time = Heard(), asyncio.get_running_loop().time
    start = time()
    try:
        async with aclosing(backend.stream(request)) as parts:
            async for part in parts:
                heard.parts.append(part)
    except LLMError as error:
        heard.error = error
    heard.seconds = time() - start
    return heard
