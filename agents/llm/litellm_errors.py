"""What an exception out of LiteLLM really means. Knows its classes by name, so that nothing here has to import it.

LiteLLM reports nearly every trouble in mid-stream as `MidStreamFallbackError` around `APIConnectionError` with status
500: a cut connection, half a line of JSON and an error object of the provider look alike. What tells them apart is the
chain of exceptions beneath.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agents.llm.errors import Deadline, Kind, LLMError

Meaning = tuple[Kind, str, Deadline | None]
BY_NAME: dict[str, Meaning] = {
    "FloodError": ("too_large", "", None),
    "RateLimitError": ("busy", "", None),
    "ConnectTimeout": ("timeout", "", "connect"),
    "PoolTimeout": ("timeout", "", "connect"),
    "ContextWindowExceededError": ("refused", "The conversation is too long for this model.", None),
    "ContentPolicyViolationError": ("refused", "The model's provider declined to answer this, by its own rules.", None),
}
LOST = {"ReadError", "WriteError", "RemoteProtocolError", "ConnectError", "NetworkError", "CloseError", "ProxyError"}
NO_ANSWER = {"JSONDecodeError", "ValidationError", "UnicodeDecodeError", "AttributeError", "KeyError", "TypeError"}
BUSY_WORDS = ("rate_limit", "rate limit", "too_many_requests", "insufficient_quota", "resource_exhausted")
SECRETS = re.compile(r"(?i)\b(?:sk|pk|rk|key|gsk|xai|AIza)[-_][\w*.-]{6,}|\bbearer\s+\S+|://[^/\s@]+@")


def translated(problem: BaseException, *, spoke: bool, secrets: tuple[str, ...] = ()) -> LLMError:
    """The LLMError for `problem`; `spoke` when text came before it. Raise it outside the except block that caught
    `problem`: providers repeat keys in their messages, and an exception's context is printed with it."""
    links = list(chain(problem))
    kind, message, deadline = _meaning(links, spoke)
    said = scrubbed(str(getattr(problem, "original_exception", None) or problem), secrets)
    return LLMError(kind, message, detail=said, deadline=deadline, retry_after=_retry_after(links))


def chain(problem: BaseException) -> Iterator[BaseException]:
    """The exception and what lies beneath it, outermost first, each once."""
    waiting: list[BaseException | None] = [problem]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "original_exception", None), link.__cause__, link.__context__]


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Short, on one line, without the keys we know and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, "[key]") if secret else text
    return " ".join(SECRETS.sub("[key]", text).split())[:300]


def _meaning(links: list[BaseException], spoke: bool) -> Meaning:
    names = {cls.__name__ for link in links for cls in type(link).__mro__}
    for telling, meaning in BY_NAME.items():
        if telling in names:
            return meaning
    if (said := _said_in_stream(links)) is not None:
        return kind_of_error_object(said), "", None
    if 400 <= (status := _status(links)) < 500:
        return KIND_OF_STATUS.get(status, "refused"), "", None
    if names & LOST:
        return ("truncated" if spoke else "down"), "", None
    down = status >= 500 or names & {"APIError", "APIStatusError"}
    return ("down" if down and not names & NO_ANSWER else "protocol"), "", None


KIND_OF_STATUS: dict[int, Kind] = {408: "timeout", 425: "busy", 429: "busy", 529: "busy"}


def _status(links: list[BaseException]) -> int:
    """The first status in the chain that a provider gave; LiteLLM's own wrappers say 500 of anything."""
    for link in links:
        status = getattr(link, "status_code", None)
        if status is not None and type(link).__name__ not in {"MidStreamFallbackError", "APIConnectionError"}:
            return int(status)
    return 0


def _said_in_stream(links: list[BaseException]) -> Mapping[str, Any] | None:
    """The error object a provider sent in the stream: the OpenAI client raises it as a bare APIError with a body."""
    for link in links:
        if type(link).__name__ == "APIError" and type(link).__module__.startswith("openai"):
            body = getattr(link, "body", None)
            return body if isinstance(body, Mapping) else {}
    return None


def kind_of_error_object(body: Mapping[str, Any]) -> Kind:
    code = str(body.get("code") or body.get("status") or "")
    words = f"{code} {body.get('type')} {body.get('message')}".lower()
    if code in {"429", "529"} or any(word in words for word in BUSY_WORDS):
        return "busy"
    refused = code in {"400", "401", "403", "404", "422"} or "invalid_request" in words or "authentication" in words
    return "refused" if refused else "down"


def _retry_after(links: list[BaseException]) -> float | None:
    for link in links:
        response = getattr(link, "response", None)
        for headers in (getattr(link, "litellm_response_headers", None), getattr(response, "headers", None)):
            if headers and (value := headers.get("retry-after")):
                return seconds_until(str(value))
    return None


def seconds_until(value: str) -> float | None:
    """Retry-After comes as seconds or as a date; more than an hour is taken for an hour."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None
