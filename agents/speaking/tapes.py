"""What a provider sent, part by part, so that a turn can be played again offline (`replaying.py`).

Only what people were shown is kept: of an answer that a gate cut or changed, or that was stopped, there is no tape. It
is written with the end of the step, in its transaction, when the answer has been read already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.conf import settings

from rooms import prepared

from ..context.building import facts_of
from ..llm.port import Finish, LLMError, Part, Request, Text, ToolCall, Usage
from ..models import Step
from ..models.prompt import sha256_of
from .voice import showable

PLACE = frozenset({"api_base", "api_key", "api_version", "lane", "price"})
"""Parameters that say where a call is made, not what is answered."""

LARGEST = 256 * 1024
"""Bytes of one tape, about. A longer one is not kept: it could not be an answer that was shown."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What the gates let through by the end of a step: all of the answer, or of the contribution, up to there. Where
    they changed what was read out of a contribution, `facts` are what they made of it. `end` is a `Reason`."""

    text: str
    end: str
    facts: dict[str, Any] | None = None


@dataclass(slots=True)
class Recording:
    """One call: what was asked, wherever it was asked, and what of its answer was said so far."""

    request: Request
    parts: list[Part | LLMError] = field(default_factory=list)
    size: int = 0
    passed: Passed | None = None

    def take(self, part: Part) -> None:
        self.size += 4 + (len(part.text) if isinstance(part, Text) else 64)
        if self.size <= LARGEST:
            self.parts.append(part)

    @property
    def is_whole(self) -> bool:
        return self.size <= LARGEST and bool(self.parts) and isinstance(self.parts[-1], Finish | LLMError)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(slots=True)
class Recorder:
    """The calls of one step."""

    calls: list[Recording] = field(default_factory=list)

    def begin(self, request: Request) -> None:
        self.calls.append(Recording(request))

    def take(self, part: Part) -> None:
        if self.calls:
            self.calls[-1].take(part)

    def failed(self, error: LLMError) -> None:
        if self.calls:
            self.calls[-1].parts.append(error)

    def passed(self, passed: Passed) -> tuple[Recording, ...]:
        """Nothing of what was sent, but what became of it, for the request as it was meant. None without a call."""
        if not settings.RECORD_TAPES or not self.calls:
            return ()
        return (Recording(self.calls[0].request, passed=passed),)

    def sent(self, said: str, calls: Sequence[ToolCall]) -> tuple[Recording, ...]:
        """All of them, if they say what was said and called; else none."""
        if not settings.RECORD_TAPES or not all(call.is_whole for call in self.calls):
            return ()
        text = showable("".join(call.text for call in self.calls)).strip()
        parts = [part for call in self.calls for part in call.parts]
        made = [part for part in parts if isinstance(part, ToolCall)]
        if text != said.strip() or len(made) != len(calls) or not all(map(is_as_made, made, calls)):
            return ()
        return tuple(self.calls)


def is_as_made(part: ToolCall, call: ToolCall) -> bool:
    """The gates let it through as it was; one without an id has been given one."""
    id = not part.id or showable(part.id)[:64] == call.id
    return id and part.name == call.name and showable(part.arguments) == call.arguments


INSERT = """
    INSERT INTO agents_tape (step_id, number, request_sha256, request, parts, passed)
    SELECT %(step)s, k.number, k.sha256, k.request, k.parts, k.passed"""
CALLS = """
    unnest(%(numbers)s::smallint[], %(sha256)s::varchar[], %(requests)s::jsonb[], %(parts)s::jsonb[],
           %(passed)s::bool[]) AS k(number, sha256, request, parts, passed)"""
# Not of what was forgotten, nor of what came so late that its run had ended.
KEEP = f"""{INSERT} FROM {CALLS}
     WHERE NOT EXISTS (SELECT 1 FROM agents_task t JOIN rooms_message m ON m.id IN (t.reply_id, t.trigger_message_id)
                        WHERE t.id = %(task)s AND m.state IN ('redacted', 'withdrawn'))
       AND NOT EXISTS (SELECT 1 FROM agents_step s WHERE s.id = %(step)s AND s.output = '{{"forgotten": true}}')
    ON CONFLICT DO NOTHING
"""  # noqa: S608  # made of the pieces above alone


def keep(step: Step, calls: Sequence[Recording]) -> None:
    """One statement, and none when there is nothing to keep."""
    if calls:
        prepared.execute(KEEP, {"step": step.pk, "task": step.task_id, **params_of(calls)})


def params_of(calls: Sequence[Recording]) -> dict[str, Any]:
    """What `CALLS` wants to be told."""
    requests = [request_facts(call.request) for call in calls]
    return {
        "numbers": list(range(1, len(calls) + 1)),
        "sha256": [sha256_of(facts) for facts in requests],
        "requests": [orjson.dumps(facts).decode() for facts in requests],
        "parts": [orjson.dumps(parts_of(call)).decode() for call in calls],
        "passed": [call.passed is not None for call in calls],
    }


def request_facts(request: Request) -> dict[str, Any]:
    """What of a request decides its answer, without any of its words."""
    tools = [[offer.name, offer.description, offer.schema] for offer in request.tools]
    return {
        "model": request.model,
        "prompt": sha256_of([facts_of(turn) for turn in request.turns]),
        "parameters": sha256_of({name: value for name, value in request.params.items() if name not in PLACE}),
        "tools": sha256_of(tools),
        "may_call": request.may_call,
    }


# --- as JSON and back


def parts_of(call: Recording) -> list[Any]:
    if call.passed is None:
        return list(written(call.parts))
    return [call.passed.text if call.passed.facts is None else {"facts": call.passed.facts}, {"end": call.passed.end}]


def passed_in(parts: Sequence[Any]) -> Passed:
    """Of a tape that is `passed`."""
    said, ended = parts
    return Passed(said, ended["end"]) if isinstance(said, str) else Passed("", ended["end"], said["facts"])


def written(parts: Sequence[Part | LLMError]) -> Iterator[Any]:
    for part in parts:
        match part:
            case Text(text):
                yield showable(text)
            case ToolCall(id, name, arguments):
                yield {"call": [showable(id), showable(name), showable(arguments)]}
            case Finish(reason, usage):
                yield {"finish": reason, "usage": usage_facts(usage)}
            case LLMError():
                yield {
                    "error": part.kind,
                    "deadline": part.deadline,
                    "usage": usage_facts(part.usage) if part.usage else None,
                }


def usage_facts(usage: Usage) -> list[int]:
    return [usage.prompt_tokens, usage.completion_tokens, usage.cost_micros, int(usage.estimated)]


def read(parts: Sequence[Any]) -> Iterator[Part]:
    """The parts of a tape; raises LLMError where the call did."""
    for part in parts:
        if isinstance(part, str):
            yield Text(part)
        elif "call" in part:
            yield ToolCall(*part["call"])
        elif "finish" in part:
            yield Finish(part["finish"], usage_in(part))
        else:
            raise LLMError(part["error"], deadline=part["deadline"], usage=usage_in(part) if part["usage"] else None)


def usage_in(part: Mapping[str, Any]) -> Usage:
    prompt, completion, cost, estimated = part["usage"]
    return Usage(prompt, completion, cost, bool(estimated))
