"""An answer as it comes in through LiteLLM, and whether it came whole."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from agents.llm.deadlines import Sign
from agents.llm.errors import LLMError
from agents.llm.port import Finish, Part, Piece, Reason, Text, Thought, ToolCall, Usage

REASONS: dict[str, Reason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


LARGEST_CALLS = 64_000
"""Characters of all calls together: a model that never stops writing a call shows nothing that could be cut."""
LARGEST_THOUGHTS = 400_000
"""Characters of what a model says to itself; likewise."""
LEAST = 64
"""What each piece of a call counts at least: empty ones take memory too."""


@dataclass
class PartialCall:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.name + "".join(self.arguments)


class Thoughts:
    """What a model says to itself, kept for the bill."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.written = 0

    def add(self, text: str) -> Thought:
        self.pieces.append(text)
        self.written += len(text)
        if self.written > LARGEST_THOUGHTS:
            raise LLMError("too_large")
        return Thought(text)


@dataclass
class Calls:
    """The calls of tools in an answer, as their pieces come, whichever way they come."""

    partial: dict[int, PartialCall] = field(default_factory=dict)
    written: int = 0

    def add(self, index: Any, id: Any, name: Any, arguments: Any) -> Piece:
        """Raises TypeError for what is none, LLMError when they grow without end."""
        index, id, name, arguments = index or 0, id or "", name or "", arguments or ""
        if not isinstance(index, int) or not all(isinstance(text, str) for text in (id, name, arguments)):
            raise TypeError("a call of a tool is not made of texts")
        self.written += max(LEAST, len(id) + len(name) + len(arguments))
        if self.written > LARGEST_CALLS:
            raise LLMError("too_large")
        call = self.partial.setdefault(index, PartialCall())
        call.id, call.name = id or call.id, name or call.name
        call.arguments.append(arguments)
        return Piece(name + arguments)

    def whole(self) -> list[ToolCall]:
        return [ToolCall(call.id, call.name, "".join(call.arguments)) for _, call in sorted(self.partial.items())]


class Heard(ABC):
    """What an answer is made of, whichever lane it comes in by."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.thoughts = Thoughts()
        self.called = Calls()
        self.usage: Any = None

    @property
    def billed(self) -> str:
        """All that the model has written, as far as we were told."""
        return "".join([*self.pieces, *self.thoughts.pieces, *map(str, self.called.partial.values())])

    @property
    def spoke(self) -> bool:
        return bool(self.pieces or self.called.partial)

    @property
    @abstractmethod
    def reason(self) -> str:
        """Why it ends, in the provider's word; nothing as long as it has not said so."""

    @property
    def has_ended(self) -> bool:
        """All of it is there, but perhaps its bill."""
        return self.spoke and bool(self.reason)

    @abstractmethod
    def counted(self, litellm: Any) -> Any:
        """The provider's own count, or None."""

    def finish(self, usage: Usage) -> Finish:
        return Finish(REASONS.get(self.reason, "stop"), usage)

    def think(self, thought: Any) -> Thought | Sign:
        if not isinstance(thought, str):
            return Sign.THOUGHT
        return self.thoughts.add(thought)

    def calls(self) -> list[ToolCall]:
        return self.called.whole()


class Answer(Heard):
    stream: Any = None

    @property
    def reason(self) -> str:
        given = self.stream and (self.stream.received_finish_reason or self.stream.intermittent_finish_reason)
        return cast(str, given or "")

    def take(self, chunk: Any) -> Iterator[Part | Sign]:
        """What a chunk brings that others should know of."""
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in chunk.choices[:1]:
            delta = choice.delta
            if delta is None:
                continue
            if text := delta.content:
                self.pieces.append(text)
                yield Text(text)
            for piece in delta.tool_calls or ():
                yield self._add(piece)
            if thought := getattr(delta, "reasoning_content", None):
                yield self.think(thought)

    def _add(self, piece: Any) -> Piece:
        function = piece.function
        return self.called.add(piece.index, piece.id, function and function.name, function and function.arguments)

    def must_be_whole(self) -> None:
        """LiteLLM ends a stream that broke off, and one that was a web page, with `stop` and invented usage."""
        if "html" in _content_type(self.stream):
            raise LLMError("protocol", detail="a web page with status 200 where a stream was expected")
        if not self.spoke:
            raise LLMError("empty")
        if not self.reason:
            raise LLMError("truncated", detail="the stream ended without a finish_reason")

    def counted(self, litellm: Any) -> Any:
        """LiteLLM makes one up where none was given."""
        given = any(getattr(chunk, "usage", None) for chunk in getattr(self.stream, "chunks", ()))
        return self.usage if given else None


def _content_type(stream: Any) -> str:
    headers = getattr(stream, "_response_headers", None) or {}
    return str(headers.get("content-type") or "").lower()
