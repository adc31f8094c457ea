"""What the house knows of a language model: one request, a stream of parts, and nine ways it can go wrong.

Backends are chosen by dotted name in `settings.LLM_BACKEND`, the way Django chooses mail backends. They never retry and
never fall back: whether a second, paid call is worth it is the run's decision, which knows what people already read.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from agents.llm.errors import Kind, LLMError

if TYPE_CHECKING:
    from agents.llm.pricing import Price

__all__ = [
    "Backend",
    "Deadlines",
    "Finish",
    "Image",
    "Kind",
    "LLMError",
    "Limits",
    "Part",
    "Piece",
    "Request",
    "Text",
    "Thought",
    "ToolCall",
    "ToolOffer",
    "Turn",
    "Usage",
    "backend_for",
    "count_tokens",
    "image_tokens",
    "shortened",
]

Role = Literal["system", "user", "assistant", "tool"]
Reason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole call, never a fragment; `arguments` is the JSON text as the model wrote it, perhaps not valid JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool the model may call; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with what was said; `mime` is such as image/png, `tokens` what it counts, about."""

    mime: str
    data: bytes = field(repr=False)
    tokens: int = 0

    @property
    def url(self) -> str:
        return f"data:{self.mime};base64,{b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said to the model; `name` is the username of whoever said it.

    An *assistant* may have called tools; then a turn of the role *tool* answers each call, naming its id in `answers`.
    A last turn of the assistant may be a `prefix` that the model goes on from.
    """

    role: Role
    content: str
    name: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    images: tuple[Image, ...] = ()
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. Text stands still for at most `idle`; a drip that never stands still ends at `total`."""

    connect: float = 5.0
    first_token: float = 20.0
    idle: float = 15.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may grow to before it is cut with `too_large`; characters are Unicode code points."""

    max_chars: int = 32_000
    max_chunks: int = 20_000
    max_chunk_chars: int = 32_000


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `params` are the agent's (temperature, max_tokens …); `user` is an opaque id for the provider.

    Tools are told of with `may_call` False when the model called some before and has to come to an end now.
    """

    model: str
    turns: tuple[Turn, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()
    user: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[ToolOffer, ...] = ()
    may_call: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took; `estimated` when the provider did not say and we counted ourselves."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_micros: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What the model says to itself before it answers. No part of the answer, and never streamed to people."""

    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a tool's call that is being written: for whoever counts what is written. The call itself comes when it is
    whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The model came to an end by itself; anything else is an `LLMError`."""

    reason: Reason
    usage: Usage


Part = Text | Thought | Piece | ToolCall | Finish


class Backend(Protocol):
    def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Yield the reply as it comes; the last part is always Finish. Raises LLMError.

        Closing or cancelling the iterator closes the connection to the provider; hold it in `contextlib.aclosing`, or
        a reply that is left half-read goes on costing until the garbage collector comes.
        """
        ...

    def usage_of(self, request: Request, written: str) -> Usage:
        """What a reply stopped after `written` took, estimated: a provider bills what nobody waited for."""
        ...

    def price_of(self, request: Request) -> "Price":
        """What a token of this call will cost; where several models may take it, the dearest. Called in a thread."""
        ...

    def sees(self, model: str) -> bool:
        """Whether a model of this name can be shown pictures, as far as is known. Called in a thread."""
        ...

    async def warm(self) -> None:
        """Pay the costs of a process's first call now, so that the first person does not. Never raises."""
        ...

    async def close(self) -> None:
        """Give back the connections of this loop, before it ends. The backend may be used again."""
        ...


def shortened(request: Request, tokens: int) -> Request:
    """The same, of which no more than so many tokens may be written."""
    return replace(request, params={**request.params, "max_tokens": tokens})


@lru_cache(maxsize=8)
def _load(path: str) -> Backend:
    backend: Backend = import_string(path)()
    return backend


def backend_for(path: str = "") -> Backend:
    """The one instance per process of the backend class named by `path`, or by `settings.LLM_BACKEND`."""
    return _load(path or settings.LLM_BACKEND)


def count_tokens(model: str, text: str) -> int:
    """Estimate tokens as a quarter of the UTF-8 bytes, rounded up: for budgets of context, never for bills.

    OpenAI's rule of thumb is four characters a token for English; counting bytes extends it to other scripts, because
    BPE vocabularies are built over bytes. `model` is there for backends that will one day count exactly.
    """
    return ceil(len(text.encode("utf-8", "replace")) / 4)


def image_tokens(width: int, height: int) -> int:
    """Estimate what a picture counts, by whichever of two published rules says more: its pixels by 750, or a base and
    a share for each square of 512 pixels. A model that counts otherwise is said to in its deployment."""
    squares = ceil(width / 512) * ceil(height / 512)
    return max(ceil(width * height / 750), 85 + 170 * squares)
