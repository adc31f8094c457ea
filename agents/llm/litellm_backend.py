"""Any provider through LiteLLM, at arm's length: one call, one stream, our own deadlines, limits, errors and bills.

The only module that imports litellm, and only on first use: it costs seconds and some 150 MB, which web processes and
people's first questions are spared (see `warm`). What it gets wrong is put right around it, as told in
`docs/decisions/0010-litellm-at-arms-length.md`.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import cache, partial
from typing import Any

from django.conf import settings

from agents.llm import bills, direct
from agents.llm.answer import Answer, Heard
from agents.llm.deadlines import Sign, guarded
from agents.llm.errors import LLMError
from agents.llm.litellm_call import arguments_of, secrets_of
from agents.llm.litellm_errors import translated
from agents.llm.litellm_stream import spare_each_word
from agents.llm.openai_client import spare_the_walk
from agents.llm.port import Part, Request, Usage
from agents.llm.pricing import Price, price_of
from agents.llm.redirects import stay_where_sent

CLOSING = 2.0
"""Seconds a stream may take to close; after that the connection is left to the garbage collector."""
logger = logging.getLogger(__name__)


@cache
def _import() -> Any:
    """The module, made quiet. It would fetch a price list from the network, log prompts, and start a thread a chunk."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm as module

    litellm: Any = module  # typed as if none of these could be set
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.disable_streaming_logging = True
    litellm.turn_off_message_logging = True
    litellm.drop_params = True  # a parameter one provider does not know must not cost the answer
    litellm.REPEATED_STREAMING_CHUNK_LIMIT = 10**9  # a table of dashes is no loop; our own limits cut loops
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)  # below that they write out requests, whole
    spare_the_walk()
    spare_each_word(litellm)
    stay_where_sent()
    return litellm


class LiteLLM:
    """See `port.Backend`. Which parameters reach the provider, and where they lead, is told in `litellm_call`.

    A server that speaks the OpenAI protocol at an address of one's own is spoken to directly: see `direct`.
    """

    def __init__(self) -> None:
        self.imported = False
        self.warmed = False

    def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        return self.directly(request) if goes_directly(request) else self.through(request)

    def directly(self, request: Request) -> AsyncGenerator[Part, None]:
        answer = direct.Answer()
        parts = direct.parts(request, answer, self._litellm)
        return guarded(parts, request, self.usage_of, partial(self._unbilled, request, answer))

    def through(self, request: Request) -> AsyncGenerator[Part, None]:
        answer = Answer()
        unbilled = partial(self._unbilled, request, answer)
        return guarded(self._parts(request, answer), request, self.usage_of, unbilled, prepare=self._litellm)

    def usage_of(self, request: Request, written: str) -> Usage:
        return bills.estimated(request, written, _import() if self.imported else None)

    def price_of(self, request: Request) -> Price:
        return price_of(request, None if "price" in request.params else _import())

    def sees(self, model: str) -> bool:
        """As LiteLLM's list has it; a model that is not on it does not."""
        return bool(_import().supports_vision(model))

    async def warm(self) -> None:
        """Import, then one call to a provider inside this process: clients, TLS context, price list, first parse."""
        from agents.llm.warmup import a_first_call

        if not self.warmed:
            self.warmed = True
            try:
                for way in (self.directly, self.through):
                    await a_first_call(way)
            except Exception as problem:  # whatever is wrong will be said to the first person who asks
                logger.warning("the model could not be warmed up: %s", type(problem).__name__)

    async def close(self) -> None:
        """Else aiohttp complains of every connection that was kept for the next call."""
        await direct.close()
        if self.imported:
            await _import().close_litellm_async_clients()
            _import().in_memory_llm_clients_cache.flush_cache()

    def _unbilled(self, request: Request, answer: Heard) -> list[Part]:
        """The end of an answer of which nothing more comes; none if it is not known why it ends."""
        return self._end_of(request, answer, _import() if self.imported else None) if answer.has_ended else []

    def _end_of(self, request: Request, answer: Heard, litellm: Any) -> list[Part]:
        usage = bills.usage_of(request, answer.billed, answer.counted(litellm), litellm)
        return [*answer.calls(), answer.finish(usage)]

    async def _parts(self, request: Request, answer: Answer) -> AsyncGenerator[Part | Sign, None]:
        litellm = _import()
        from agents.llm.flood import dam

        stream, error = None, None
        try:
            answer.stream = stream = await litellm.acompletion(**arguments_of(request))
            dam(stream, request.limits.max_chunk_chars)
            async for chunk in stream:
                for part in answer.take(chunk):
                    yield part
        except LLMError as problem:
            error = problem
        except Exception as problem:
            error = translated(problem, spoke=answer.spoke, secrets=secrets_of(request))
        finally:
            await _close(stream)
        if error is not None:  # raised here, not above: see `translated`
            raise error
        answer.must_be_whole()
        for part in self._end_of(request, answer, litellm):
            yield part

    async def _litellm(self) -> Any:
        """Imported in a thread: the loop carries other people's answers meanwhile."""
        if not self.imported:
            await asyncio.to_thread(_import)
            self.imported = True
        return _import()


def goes_directly(request: Request) -> bool:
    """As its deployment says; else wherever that is as good."""
    lane = request.params.get("lane", "auto")
    return lane == "direct" or (lane == "auto" and settings.LLM_DIRECT and direct.suits(request))


async def _close(stream: Any) -> None:
    """Hang up, also when cancelled: a provider goes on writing, and billing, for as long as somebody listens."""
    if stream is not None:
        with suppress(Exception):
            async with asyncio.timeout(CLOSING):
                await stream.aclose()
