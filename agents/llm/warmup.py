"""A provider for one call, inside this process: it answers «ready», whatever it is asked.

A process's first LiteLLM call was measured at 0.6 to 0.7 s; nobody should wait that long for a first word.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from agents.llm.port import Deadlines, Part, Request, Turn

HEAD = '{"id":"warm","object":"chat.completion.chunk","created":1,"model":"warm","choices":'
EVENTS = (
    HEAD + '[{"index":0,"delta":{"role":"assistant","content":"ready"},"finish_reason":null}]}',
    HEAD + '[{"index":0,"delta":{},"finish_reason":"stop"}]}',
    HEAD + '[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
    "[DONE]",
)
BODY = "".join(f"data: {event}\n\n" for event in EVENTS)
LINES = ("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Connection: close", f"Content-Length: {len(BODY)}")
ANSWER = "\r\n".join([*LINES, "", BODY])


async def a_first_call(stream: Callable[[Request], AsyncGenerator[Part, None]]) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        params = {"api_base": f"http://127.0.0.1:{port}/v1"}
        request = Request("openai/warm", (Turn("user", "ready?"),), params, Deadlines(2, 20, 20, 20))
        async with aclosing(stream(request)) as parts:
            async for _ in parts:
                pass


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER.encode())
    await writer.drain()
    writer.close()
