"""A dam before the parser. A line that never ends is no chunk yet, so nobody who counts chunks can see it: the OpenAI
client gathers it, copying all of it for every 16 KiB, while other people's answers wait."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

BREAKS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class FloodError(Exception):
    """One event grew larger than any we would take."""


class Dam(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, limit: int) -> None:
        self.stream = stream
        self.limit = limit
        self.since_break = 0
        self.tail = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self.stream:
            seen, self.tail = self.tail + data, data[-3:]  # an empty line may stand across two reads
            end = max(seen.rfind(each) for each in BREAKS)
            self.since_break = self.since_break + len(data) if end < 0 else len(seen) - end
            if self.since_break > self.limit:
                raise FloodError(f"an event of more than {self.limit} bytes")
            yield data

    async def aclose(self) -> None:
        await self.stream.aclose()


def dam(stream: Any, max_chars: int) -> None:
    """Put one before a stream of the OpenAI client, which carries most providers; other clients parse as they read.

    A character takes at most twelve bytes of JSON, as two escapes.
    """
    response = getattr(getattr(stream, "completion_stream", None), "response", None)
    if isinstance(response, httpx.Response) and isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = Dam(response.stream, 12 * max_chars + 65_536)
