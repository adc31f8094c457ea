"""What a scripted model does in one reply: a list of steps, in JSON, so that a test can hand it to any process.

    {"say": text}   {"think": text}   {"wait": seconds}   {"stall": true}   {"fail": kind, "retry_after"?, "deadline"?}
    {"call": {"name", "arguments"}}   {"finish": reason}   {"improvise": true}   {"repeat": text}

A script without `finish`, `fail` or `stall` finishes with *stop*.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Self

from agents.llm.errors import Deadline, Kind
from agents.llm.port import Reason, Request

Step = Mapping[str, Any]
PACE = re.compile(r"-([fin])(\d+)")
WORDS = "This is an answer that nobody will ever see the end of. "


class Reply:
    """One reply in the making: `scripted.says("Hel", "lo").delay(2).fails("down")`."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def _add(self, **step: Any) -> Self:
        self.steps.append({name: value for name, value in step.items() if value is not None})
        return self

    def says(self, *pieces: str) -> Self:
        """Each piece is one chunk of the stream."""
        for piece in pieces:
            self._add(say=piece)
        return self

    def thinks(self, *pieces: str) -> Self:
        for piece in pieces:
            self._add(think=piece)
        return self

    def delay(self, seconds: float) -> Self:
        return self._add(wait=seconds)

    def stalls(self) -> Self:
        return self._add(stall=True)

    def fails(self, kind: Kind, retry_after: float | None = None, deadline: Deadline | None = None) -> Self:
        return self._add(fail=kind, retry_after=retry_after, deadline=deadline)

    def truncates(self) -> Self:
        return self.fails("truncated")

    def calls(self, name: str, /, **arguments: Any) -> Self:
        return self._add(call={"name": name, "arguments": json.dumps(arguments)})

    def finishes(self, reason: Reason) -> Self:
        return self._add(finish=reason)

    def improvises(self) -> Self:
        return self._add(improvise=True)


def script_of(request: Request) -> list[Step]:
    """The script a request carries itself: in `params["script"]`, or in the model's name after the colon."""
    if script := request.params.get("script"):
        return list(script)
    _, _, named = request.model.partition(":")
    if named.startswith("call "):
        return calling(named[5:], request)
    return named_script(PACE.sub("", named), paces_in(request.model).get("n", 20))


def calling(named: str, request: Request) -> list[Step]:
    """`scripted:call NAME {"its": "arguments"}`: one call of a tool, then what became of it is told."""
    if not request.may_call or any(turn.answers for turn in request.turns):
        return [{"say": "That "}, {"say": "is "}, {"say": "done."}]
    name, _, arguments = named.partition(" ")
    return [{"say": "One moment."}, {"call": {"name": name, "arguments": arguments}}, {"finish": "tool_calls"}]


def named_script(name: str, count: int) -> list[Step]:
    """What a model's name may ask for, `say ANY TEXT` and `fail-KIND` among it; any other is improvised."""
    if name.startswith("say "):
        return [{"say": piece} for piece in re.findall(r"\S+\s*", name[4:])]
    if name.startswith("fail-"):
        return [{"fail": name[5:]}]
    begun: list[Step] = [{"say": word} for word in re.findall(r"\S+ ", WORDS)[:5]]
    known: dict[str, list[Step]] = {
        "stall": [*begun, {"stall": True}],
        "hang": [{"stall": True}],
        "truncate": [*begun, {"fail": "truncated"}],
        "broken": [*begun, {"fail": "down"}],
        "empty": [{"fail": "empty"}],
        "endless": [{"repeat": WORDS}],
        "words": [{"say": f"word{number} "} for number in range(1, count + 1)],
    }
    return known.get(name, [{"improvise": True}])


def paces_in(model: str) -> dict[str, int]:
    """`scripted:words-f100-i20-n50`: milliseconds to the first token, between tokens, and how many."""
    return {key: int(value) for key, value in PACE.findall(model.partition(":")[2])}
