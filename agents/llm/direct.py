"""A server that speaks the OpenAI protocol at an address of one's own, without LiteLLM between.

LiteLLM and the OpenAI client take 4 ms of processor for a call and 0.35 ms for a chunk of it, this 0.5 and 0.02: with
twenty answers at once that is the difference between a worker that waits and one that is late. What needs LiteLLM's
knowledge of providers goes its way: any other protocol, OpenAI's own servers with their rules for each model, and
parameters that have to be translated.
"""

import asyncio
import atexit
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment
from weakref import WeakKeyDictionary

import orjson

from agents.llm import bills
from agents.llm.deadlines import Sign
from agents.llm.direct_answer import Answer, of_exception, of_status
from agents.llm.errors import LLMError
from agents.llm.litellm_call import PASSED_ON, destination_of, message_of, provider_of, secrets_of, tools_of
from agents.llm.litellm_errors import scrubbed
from agents.llm.port import Deadlines, Part, Request

TRANSLATED = {"top_k", "api_version", "extra_body"}
"""Parameters that are not of the protocol."""
RULES_OF_THEIR_OWN = ("openai.com", "azure.com")

LINGER = 1.0
"""Seconds for which a server may still say the end of a response that is heard to its `[DONE]`."""

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()


def suits(request: Request) -> bool:
    """Whether this can carry the request as well as LiteLLM."""
    if provider_of(request.model) != "openai" or TRANSLATED & request.params.keys():
        return False
    host = urlsplit(destination_of(request.model, request.params).get("api_base", "")).hostname
    return bool(host) and not f".{host}".endswith(tuple(f".{name}" for name in RULES_OF_THEIR_OWN))


async def parts(
    request: Request, answer: Answer, prices: Callable[[], Awaitable[Any]]
) -> AsyncGenerator[Part | Sign, None]:
    """The reply as it comes, unguarded; `prices` gives LiteLLM, whose list is asked at the end."""
    error: LLMError | None = None
    try:
        with hearing_out(await ask(request)) as response:
            if response.status != 200:
                raise of_status(response.status, await response.content.read(4096), response.headers)
            answer.must_be_a_stream(response.headers)
            async for event in events(response.content, 12 * request.limits.max_chunk_chars + 65_536):
                for part in answer.take(event):
                    yield part
    except LLMError as told:
        error = told
    except Exception as problem:
        error = of_exception(problem, spoke=answer.spoke)
    if error is not None:  # raised here, not above: an exception's context is printed with it
        error.detail = scrubbed(error.detail, secrets_of(request))
        raise error
    answer.must_be_whole()
    for call in answer.calls():
        yield call
    litellm = await prices()
    yield answer.finish(bills.usage_of(request, answer.billed, answer.counted(litellm), litellm))


async def ask(request: Request) -> Any:
    there = destination_of(request.model, request.params)
    headers = {"Authorization": f"Bearer {there['api_key']}", "Accept": "text/event-stream"}
    said = orjson.dumps(body_of(request))
    return await session().post(
        there["api_base"].rstrip("/") + "/chat/completions",
        data=said,
        headers={**headers, "Content-Type": "application/json"},
        timeout=patience(request.deadlines),
        allow_redirects=False,
    )


def body_of(request: Request) -> dict[str, Any]:
    return {
        "model": request.model.removeprefix("openai/"),
        "messages": [message_of(turn) for turn in request.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
        **({"user": request.user} if request.user else {}),
        **{name: value for name, value in request.params.items() if name in PASSED_ON - {"extra_body"}},
        **request.params.get("extra_body", {}),
        **tools_of(request),
    }


def patience(deadlines: Deadlines) -> Any:
    """For the connection alone; all other deadlines are kept by `deadlines.Clock`."""
    from aiohttp import ClientTimeout

    return ClientTimeout(total=None, sock_connect=deadlines.connect)


def session() -> Any:
    """This loop's connections, kept for the next call.

    aiohttp looks for a proxy, and for passwords in a file of the user's, in two threads for each call: with twenty
    calls at once that is time. Only where the environment names a proxy it may; passwords we bring ourselves.
    """
    from aiohttp import ClientSession, TCPConnector

    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        close_at_exit()
        connector = TCPConnector(limit=0)
        _sessions[loop] = ClientSession(connector=connector, trust_env=bool(getproxies_environment()))
    return _sessions[loop]


@contextmanager
def hearing_out(response: Any) -> Iterator[Any]:
    """The response, whose connection is kept for the next call once the server has said its last bytes.

    Those come after `[DONE]`, often in a packet of their own. Nobody waits for them; a server that still has not ended
    after `LINGER` loses the connection.
    """
    try:
        yield response
    except BaseException:
        response.release()  # in mid-answer this closes the connection
        raise
    if not response.closed:
        lingering = asyncio.get_running_loop().call_later(LINGER, response.close)
        response.content.on_eof(lingering.cancel)


async def close() -> None:
    kept = _sessions.pop(asyncio.get_running_loop(), None)
    if kept is not None:
        await kept.close()


@cache
def close_at_exit() -> None:
    """While the loop still runs: afterwards aiohttp finds half of Python gone, and says so at length."""

    @atexit.register
    def close_all() -> None:
        for loop, kept in list(_sessions.items()):
            if loop.is_running():
                with suppress(Exception):
                    asyncio.run_coroutine_threadsafe(kept.close(), loop).result(1)


async def events(content: Any, longest: int) -> AsyncIterator[Any]:
    """The data of each event, up to `[DONE]`. A line that never ends is cut before it fills the memory."""
    rest = b""
    async for data in content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):  # a comment, an empty line, the name of an event
                continue
            said = line[5:].strip()
            if said == b"[DONE]":
                return
            yield read(said)
        if len(rest) > longest:
            raise LLMError("too_large", detail=f"an event of more than {longest} bytes")


def read(said: bytes) -> Any:
    """orjson is quick and strict; half an emoji, which some servers send, only the other one takes."""
    try:
        return orjson.loads(said)
    except ValueError:
        return json.loads(said)
