"""What the upstream does, by model name: `drip`, or with its own pace `drip-f100-i20-n50`.

f: milliseconds to the first token · i: milliseconds between tokens · n: how many tokens (before the trouble starts)
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.upstream.server import Call, Connection

PACE = re.compile(r"-([fin])(\d+)")
FOREVER = 3600.0


@dataclass(frozen=True)
class Pace:
    first: float = 0.0
    interval: float = 0.0
    count: int = 5


Act = Callable[["Connection", "Call", Pace], Awaitable[None]]
BEHAVIOURS: dict[str, tuple[Act, Pace]] = {}


def behaviour(name: str, pace: Pace = Pace()) -> Callable[[Act], Act]:
    def register(act: Act) -> Act:
        BEHAVIOURS[name] = (act, pace)
        return act

    return register


def behaviour_of(model: str) -> tuple[Act, Pace]:
    """The behaviour named at the start of `model`, with the paces that follow; an unknown name is `unknown-model`."""
    name = PACE.sub("", model.rsplit("/", 1)[-1])
    act, pace = BEHAVIOURS.get(name, BEHAVIOURS["unknown-model"])
    asked = {key: int(value) for key, value in PACE.findall(model)}
    return act, Pace(
        asked.get("f", pace.first * 1000) / 1000,
        asked.get("i", pace.interval * 1000) / 1000,
        asked.get("n", pace.count),
    )


def event(call: "Call", delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-upstream", "object": "chat.completion.chunk", "created": 1, "model": call.model}
    return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"


def words(count: int) -> list[str]:
    """word1 word2 … each a token with its space, as models send them."""
    return [f"word{number} " for number in range(1, count + 1)]


def usage(call: "Call", completion: int) -> dict[str, int]:
    prompt = len(call.prompt.split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def speak(to: "Connection", call: "Call", pace: Pace, tokens: list[str]) -> None:
    """Open the stream and send `tokens` at their pace, leaving it open."""
    to.start()
    await to.send(event(call, {"role": "assistant", "content": ""}))
    await asyncio.sleep(pace.first)
    due = asyncio.get_running_loop().time()
    for number, token in enumerate(tokens):
        if number and pace.interval:
            due += pace.interval
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        await to.send(event(call, {"content": token if token != "<clock>" else f"<{time.monotonic_ns()}> "}))
        call.chunks += 1


async def finish(to: "Connection", call: "Call", count: int, reason: str = "stop", counted: bool = True) -> None:
    await to.send(event(call, {}, reason))
    if counted and (call.body.get("stream_options") or {}).get("include_usage"):
        await to.send(event(call, None, usage=usage(call, count)))
    await to.send(b"data: [DONE]\n\n")
    to.end()


async def whole(to: "Connection", call: "Call", pace: Pace, tokens: list[str]) -> None:
    await asyncio.sleep(pace.first + pace.interval * len(tokens))
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = {"id": "chatcmpl-upstream", "object": "chat.completion", "created": 1, "model": call.model}
    to.answer({**head, "choices": [choice], "usage": usage(call, len(tokens))})


async def reply(to: "Connection", call: "Call", pace: Pace, tokens: list[str]) -> None:
    """A good answer, streamed or whole as asked."""
    if not call.body.get("stream"):
        return await whole(to, call, pace, tokens)
    await speak(to, call, pace, tokens)
    await finish(to, call, len(tokens))


@behaviour("fine")
@behaviour("slow-first-token", Pace(first=3.0))
@behaviour("drip", Pace(interval=0.2, count=1000))
async def fine(to: "Connection", call: "Call", pace: Pace) -> None:
    await reply(to, call, pace, words(pace.count))


@behaviour("clock", Pace(first=0.1, interval=0.02, count=100))
async def clock(to: "Connection", call: "Call", pace: Pace) -> None:
    """Each token is the monotonic nanosecond of its sending, so that a client on this machine can tell its transit."""
    await reply(to, call, pace, ["<clock>"] * pace.count)


@behaviour("echo")
async def echo(to: "Connection", call: "Call", pace: Pace) -> None:
    """The last thing said, word by word."""
    said = str(call.messages[-1].get("content", "")) if call.messages else ""
    await reply(to, call, pace, re.findall(r"\S+\s*", said))


@behaviour("echo-prompt")
async def echo_prompt(to: "Connection", call: "Call", pace: Pace) -> None:
    """The whole prompt, a line a turn."""
    await reply(to, call, pace, call.prompt.splitlines(keepends=True))


@behaviour("stall", Pace(count=3))
async def stall(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await asyncio.sleep(FOREVER)


@behaviour("together")
async def together(to: "Connection", call: "Call", pace: Pace) -> None:
    """Nobody is answered before so many have asked: whoever asks one after the other waits for ever."""
    while sum(other.model == call.model for other in to.calls) < pace.count:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await reply(to, call, pace, words(3))


@behaviour("silent-pings", Pace(interval=0.05, count=2))
async def silent_pings(to: "Connection", call: "Call", pace: Pace) -> None:
    """Some words, then comments and empty deltas for ever: bytes without text."""
    await speak(to, call, pace, words(pace.count))
    while True:
        await asyncio.sleep(pace.interval)
        await to.send(b": keep-alive\n\n" + event(call, {"content": ""}))


@behaviour("hang")
async def hang(to: "Connection", call: "Call", pace: Pace) -> None:
    await asyncio.sleep(FOREVER)


@behaviour("length")
async def length(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await finish(to, call, pace.count, "length")


@behaviour("uncounted")
async def uncounted(to: "Connection", call: "Call", pace: Pace) -> None:
    """A good answer from a provider that does not say what it took."""
    await speak(to, call, pace, words(pace.count))
    await finish(to, call, pace.count, counted=False)


@behaviour("finish-with-text", Pace(count=2))
async def finish_with_text(to: "Connection", call: "Call", pace: Pace) -> None:
    """As some servers do: the last word and its end in one chunk."""
    *most, last = words(pace.count)
    await speak(to, call, pace, most)
    await to.send(event(call, {"content": last}, "stop") + b"data: [DONE]\n\n")
    to.end()


@behaviour("thinking", Pace(count=2))
async def thinking(to: "Connection", call: "Call", pace: Pace) -> None:
    to.start()
    for thought in ("Hm. ", "Let me see. "):
        await to.send(event(call, {"role": "assistant", "reasoning_content": thought}))
    for word in words(pace.count):
        await to.send(event(call, {"content": word}))
    await finish(to, call, pace.count)


@behaviour("tool")
async def tool(to: "Connection", call: "Call", pace: Pace) -> None:
    """A call of `add` whose arguments come in pieces."""
    to.start()
    head = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": ""}}
    await to.send(event(call, {"role": "assistant", "content": None, "tool_calls": [head]}))
    for piece in ('{"a": 1', ', "b"', ": 2}"):
        await to.send(event(call, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
    await finish(to, call, 3, "tool_calls")
