"""Providers that cannot count, or do not mind what they were told of it."""

import asyncio
from typing import TYPE_CHECKING, Any

from tests.upstream.behaviours import FOREVER, Pace, behaviour, event, speak, words

if TYPE_CHECKING:
    from tests.upstream.server import Call, Connection

CLAIMS: dict[str, dict[str, Any]] = {
    "counts-nothing": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    "counts-backwards": {"prompt_tokens": -5, "completion_tokens": -500, "total_tokens": -505},
    "counts-words": {"prompt_tokens": "many", "completion_tokens": "some", "total_tokens": None},
    "counts-stars": {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": 10**30},
    "counts-halves": {"prompt_tokens": 0.5, "completion_tokens": 0.5, "total_tokens": 1},
    "counts-double": {"prompt_tokens": 20, "completion_tokens": 500_000, "total_tokens": 500_020},
}


async def claim(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await to.send(event(call, {}, "stop"))
    await to.send(event(call, None, usage=CLAIMS[call.model.rsplit("/", 1)[-1]]))
    await to.send(b"data: [DONE]\n\n")
    to.end()


for name in CLAIMS:
    behaviour(name)(claim)


@behaviour("never-billed")
@behaviour("bill-is-lost")
async def never_billed(to: "Connection", call: "Call", pace: Pace) -> None:
    """All is said, and why it ends; what it took is not, and the stream does not end well."""
    await speak(to, call, pace, words(pace.count))
    await to.send(event(call, {}, "stop"))
    await never(to, call)


@behaviour("call-is-never-billed")
async def call_is_never_billed(to: "Connection", call: "Call", pace: Pace) -> None:
    to.start()
    head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    await to.send(event(call, {"role": "assistant", "content": None, "tool_calls": [head]}))
    await to.send(event(call, {}, "tool_calls"))
    await never(to, call)


async def never(to: "Connection", call: "Call") -> None:
    if "lost" not in call.model:
        await asyncio.sleep(FOREVER)
    await asyncio.sleep(0.1)  # a reset discards what the client's kernel has not yet handed over
    to.reset()


@behaviour("thinks-uncounted", Pace(count=200))
async def thinks_uncounted(to: "Connection", call: "Call", pace: Pace) -> None:
    """Long thoughts, a short answer, and nobody says what it took."""
    to.start()
    for word in words(pace.count):
        await to.send(event(call, {"reasoning_content": word}))
    await to.send(event(call, {"content": "Yes."}))
    await to.send(event(call, {}, "stop") + b"data: [DONE]\n\n")
    to.end()


@behaviour("thinks-for-ever")
async def thinks_for_ever(to: "Connection", call: "Call", pace: Pace) -> None:
    to.start()
    while True:
        call.chunks += 1
        await to.send(event(call, {"reasoning_content": f"hm {call.chunks} "}))
        await asyncio.sleep(pace.interval)


@behaviour("calls-uncounted")
async def calls_uncounted(to: "Connection", call: "Call", pace: Pace) -> None:
    """A tool call with long arguments, and nobody says what it took."""
    to.start()
    head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": "'}}
    await to.send(event(call, {"role": "assistant", "content": None, "tool_calls": [head]}))
    for word in words(200):
        await to.send(event(call, {"tool_calls": [{"index": 0, "function": {"arguments": word}}]}))
    await to.send(event(call, {"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]}))
    await to.send(event(call, {}, "tool_calls") + b"data: [DONE]\n\n")
    to.end()


@behaviour("calls-for-ever")
async def calls_for_ever(to: "Connection", call: "Call", pace: Pace) -> None:
    to.start()
    head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": "'}}
    await to.send(event(call, {"role": "assistant", "content": None, "tool_calls": [head]}))
    while True:
        call.chunks += 1
        await to.send(event(call, {"tool_calls": [{"index": 0, "function": {"arguments": "x" * 500}}]}))
        await asyncio.sleep(pace.interval)
