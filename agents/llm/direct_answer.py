"""An answer as it comes in the OpenAI protocol, read without a client's help, and what its troubles mean."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from agents.llm.answer import Heard
from agents.llm.deadlines import Sign
from agents.llm.errors import LLMError
from agents.llm.litellm_errors import BY_NAME, KIND_OF_STATUS, kind_of_error_object, seconds_until
from agents.llm.port import Part, Piece, Text

TOO_LONG = BY_NAME["ContextWindowExceededError"][1]
DECLINED = BY_NAME["ContentPolicyViolationError"][1]
SAID_BY_CODE = {
    "context_length_exceeded": TOO_LONG,
    "content_policy_violation": DECLINED,
    "content_filter": DECLINED,
}


class Answer(Heard):
    def __init__(self) -> None:
        super().__init__()
        self.given = ""

    @property
    def reason(self) -> str:
        return self.given

    def must_be_a_stream(self, headers: Mapping[str, str]) -> None:
        if "html" in headers.get("Content-Type", "").lower():
            raise LLMError("protocol", detail="a web page with status 200 where a stream was expected")

    def take(self, event: Any) -> Iterator[Part | Sign]:
        """What an event brings that others should know of. Whatever is not shaped like one raises."""
        if event.get("error"):
            raise of_object(event["error"])
        self.usage = event.get("usage") or self.usage
        choices = event.get("choices") or []
        if not isinstance(choices, list):
            raise TypeError("choices are not a list")
        for choice in choices[:1]:
            self.given = choice.get("finish_reason") or self.given
            yield from self._delta(choice.get("delta") or {})

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[Part | Sign]:
        if text := delta.get("content"):
            if not isinstance(text, str):
                raise TypeError("the content is not a text")
            self.pieces.append(text)
            yield Text(text)
        for piece in delta.get("tool_calls") or ():
            yield self._add(piece)
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            yield self.think(thought)

    def _add(self, piece: Mapping[str, Any]) -> Piece:
        function = piece.get("function") or {}
        return self.called.add(piece.get("index"), piece.get("id"), function.get("name"), function.get("arguments"))

    def must_be_whole(self) -> None:
        if not self.spoke:
            raise LLMError("empty")
        if not self.reason:
            raise LLMError("truncated", detail="the stream ended without a finish_reason")

    def counted(self, litellm: Any) -> Any:
        """In the shape in which the list of prices wants it."""
        with suppress(Exception):  # numbers that are none, fields it does not know
            return litellm.Usage(**self.usage) if self.usage else None
        return None


def of_object(said: Any) -> LLMError:
    """An error object in the place of an event."""
    body = said if isinstance(said, Mapping) else {"message": str(said)}
    return LLMError(kind_of_error_object(body), SAID_BY_CODE.get(str(body.get("code")), ""), detail=str(said))


def of_status(status: int, body: bytes, headers: Mapping[str, str]) -> LLMError:
    kind = KIND_OF_STATUS.get(status, "refused" if 400 <= status < 500 else "down" if status >= 500 else "protocol")
    message = ""
    with suppress(ValueError, AttributeError, TypeError):
        message = SAID_BY_CODE.get(str(json.loads(body)["error"].get("code")), "")
    after = seconds_until(headers.get("Retry-After", ""))
    return LLMError(kind, message, detail=f"status {status}: {body.decode(errors='replace')}", retry_after=after)


def of_exception(problem: Exception, *, spoke: bool) -> LLMError:
    from aiohttp import ClientError, InvalidURL, ServerTimeoutError

    detail = f"{type(problem).__name__}: {problem}"
    if isinstance(problem, ServerTimeoutError):
        return LLMError("timeout", deadline="connect", detail=detail)
    if isinstance(problem, InvalidURL):
        return LLMError("refused", detail=detail)
    if isinstance(problem, ClientError | OSError):
        return LLMError("truncated" if spoke else "down", detail=detail)
    return LLMError("protocol", detail=detail)
