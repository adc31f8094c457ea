"""The upstream's moods: each model has weights by which it behaves well or not, and the chaos changes them."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from tests.upstream.behaviours import Pace, behaviour, behaviour_of, event, finish, speak, whole
from tests.upstream.server import Call, Connection

from .lines import line, repeated

MODELS = ("ma", "mb", "mc", "md", "me", "mf")
GOOD = {"good": 30, "slow": 4}
BEST = {"good": 1}
BAD = {
    "good": 10,
    "slow": 4,
    "reset": 2,
    "reset-at-once": 2,
    "cut": 2,
    "eof": 2,
    "500": 2,
    "429": 2,
    "503": 2,
    "stall": 1,
    "malformed": 1,
    "html": 1,
    "empty": 1,
    "error-in-stream": 2,
    "no-money": 1,
    "miscounted": 1,
    "hang": 1,
    "length": 1,
    "uncounted": 2,
    "nothing": 1,
    "repeating": 1,
    "unknown-model": 1,
}
CALLS_KEPT = 50


class Moods:
    def __init__(self, seed: int) -> None:
        self.of = dict.fromkeys(MODELS, BAD)
        self.rngs = {model: Random(f"{seed} {model}") for model in MODELS}
        for model in MODELS:
            behaviour(model)(self.act)

    def change(self, rng: Random) -> None:
        for model in MODELS:
            self.of[model] = rng.choice([GOOD, BAD, BAD, {rng.choice([*BAD]): 1}])

    def calm(self) -> None:
        self.of = dict.fromkeys(MODELS, BEST)

    async def act(self, to: Connection, call: Call, pace: Pace) -> None:
        del to.calls[:-CALLS_KEPT]
        model = call.model.rsplit("/", 1)[-1]
        rng, mood = self.rngs[model], self.of[model]
        name = rng.choices([*mood], [*mood.values()])[0]
        if name in GOOD:
            return await behave(to, call, rng, slowly=name == "slow")
        act, own = behaviour_of(name)
        await act(to, call, Pace(own.first, own.interval or 0.02, rng.randint(1, 8)))


async def behave(to: Connection, call: Call, rng: Random, slowly: bool) -> None:
    tools = [tool["function"]["name"] for tool in call.body.get("tools") or []]
    if not call.body.get("stream"):
        return await whole(to, call, Pace(), [line(call, rng)])
    if tools and rng.random() < 0.45:
        return await use(to, call, rng, rng.choice(tools))
    pieces = re.findall(f".{{1,{rng.randint(2, 14)}}}", line(call, rng), re.DOTALL)
    await speak(to, call, Pace(rng.random() * 0.3, 0.15 if slowly else rng.random() * 0.04), pieces)
    await finish(to, call, len(pieces))


async def use(to: Connection, call: Call, rng: Random, tool: str) -> None:
    """A call of a tool; before it perhaps some words or a thought."""
    said = repeated(call.prompt)
    function = {"name": tool, "arguments": ""}
    head = {"index": 0, "id": f"call_{rng.randint(0, 9999)}", "type": "function", "function": function}
    given = {"index": 0, "function": {"arguments": json.dumps(arguments(tool, call.prompt, rng))}}
    to.start()
    if rng.random() < 0.5:
        await to.send(event(call, {"role": "assistant", "content": f"One moment. {said}"}))
    if rng.random() < 0.3:
        await to.send(event(call, {"reasoning_content": f"Hm {said}"}))
    await to.send(event(call, {"role": "assistant", "content": None, "tool_calls": [head]}))
    await to.send(event(call, {"tool_calls": [given]}))
    await finish(to, call, 9, "tool_calls")


def arguments(tool: str, prompt: str, rng: Random) -> dict[str, Any]:
    said = repeated(prompt)
    numbers = [int(number) for number in re.findall(r'"number": ?(\d+)', prompt)] or [rng.randint(1, 60)]
    all_of: dict[str, dict[str, Any]] = {
        "withdraw_messages": {"numbers": numbers[-1:]},
        "search_room": {"words": said or "tea"},
        "write_note": {"title": f"n{rng.randint(1, 5)}", "body": f"note {said}"},
        "calculator": {"expression": "6*7"},
    }
    return all_of.get(tool, {})
