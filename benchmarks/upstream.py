"""A language model's server that does nothing but keep time, in OpenAI's words: `python -m benchmarks.upstream PORT`.

The model's name says when: `delay-100-gap-20-words-50` speaks its first word after 100 ms and 50 in all, one each
20 ms. A word is the clock's nanoseconds when it left, so whoever reads it knows how long it was on its way.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

import orjson

PLAN = re.compile(r"delay-(\d+)-gap-(\d+)-words-(\d+)")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(model: str, **choice: object) -> bytes:
    told = {"id": "bench", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    return chunk(b"data: " + orjson.dumps(told) + b"\n\n")


def usage(model: str, words: int) -> bytes:
    counted = {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": words + 10}
    told = {"id": "bench", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": []}
    return chunk(b"data: " + orjson.dumps({**told, "usage": counted}) + b"\n\n")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET "):  # is anybody there?
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                continue
            size = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(size[1]) if size else 0)
            await speak(writer, orjson.loads(body)["model"])
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def speak(writer: asyncio.StreamWriter, model: str) -> None:
    plan = PLAN.search(model)
    delay, gap, words = (int(number) for number in plan.groups()) if plan else (0, 0, 5)
    writer.write(HEAD)
    due = asyncio.get_running_loop().time() + delay / 1000
    for _ in range(words):
        await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
        due += gap / 1000
        if writer.is_closing():  # nobody listens any more
            return
        text = f"<{time.monotonic_ns()}> "
        writer.write(event(model, index=0, delta={"content": text}, finish_reason=None))
    writer.write(event(model, index=0, delta={}, finish_reason="stop"))
    writer.write(usage(model, words) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    await writer.drain()


async def serve(port: int) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
