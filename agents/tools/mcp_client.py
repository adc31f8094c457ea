"""Speaking with MCP servers, by the official SDK: the only importer of it. Only workers import this, at first use.

A connection is made for each use and for nothing else. To a server that is not marked as internal it goes only where
`fetch_url` may go too, by the address that was checked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpcore2
import httpx2
from django.conf import settings
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from ..models import McpServer
from .context import ToolError
from .mcp_offers import MOST, Offer
from .pinning import Pinning

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024
PATIENCE = 15.0


class Unreachable(Exception):
    """The server cannot be used; why, in a sentence for people."""


class Pinned(Pinning, httpcore2.AsyncNetworkBackend):
    below = httpcore2.AnyIOBackend()


class TooMuch(httpx2.ReadError):
    """More than a megabyte."""


class Bounded(httpx2.AsyncByteStream):
    """The body of an answer, up to a megabyte."""

    def __init__(self, below: httpx2.AsyncByteStream) -> None:
        self.below = below

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self.below:
            size += len(chunk)
            if size > LARGEST:
                raise TooMuch("too much")
            yield chunk

    async def aclose(self) -> None:
        await self.below.aclose()


class Transport(httpx2.AsyncHTTPTransport):
    """No proxy, no more than a megabyte, and nowhere but where it may go."""

    def __init__(self, internal: bool) -> None:
        super().__init__(trust_env=False)
        if not internal:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(), max_connections=4, network_backend=Pinned()
            )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["accept-encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.ReadError("compressed")
        response.stream = Bounded(response.stream)  # type: ignore[arg-type]
        return response


@asynccontextmanager
async def connected(server: McpServer) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        way: Any = StdioServerParameters(**command_of(server)) if server.command else await over_http(server, stack)
        yield await stack.enter_async_context(Client(way, cache=None, read_timeout_seconds=PATIENCE))


def command_of(server: McpServer) -> dict[str, Any]:
    """What stands under that name in the settings. It inherits no secret: the SDK passes on PATH and its like alone."""
    argv = settings.MCP_COMMANDS.get(server.command)
    if not argv:
        raise Unreachable(f"There is no command «{server.command}» in the settings.")
    key = {server.key_env: os.environ.get(server.key_env, "")} if server.key_env else {}
    return {"command": argv[0], "args": list(argv[1:]), "env": key}


async def over_http(server: McpServer, stack: AsyncExitStack) -> Any:
    http = httpx2.AsyncClient(
        transport=Transport(server.internal), headers=headers_of(server), timeout=PATIENCE, trust_env=False
    )
    await stack.enter_async_context(http)
    return streamable_http_client(server.url, http_client=http, terminate_on_close=False, max_sse_event_size=LARGEST)


def headers_of(server: McpServer) -> dict[str, str]:
    if not server.key_env:
        return {}
    key = os.environ.get(server.key_env)
    if not key:
        raise Unreachable(f"The variable {server.key_env} with the key of «{server.name}» is not set.")
    return {server.key_header: f"Bearer {key}" if server.key_header.lower() == "authorization" else key}


async def call(server: McpServer, name: str, arguments: dict[str, Any]) -> Any:
    """What a tool answered, as data. Raises ToolError for what the tool says went wrong, Unreachable for the rest."""
    try:
        async with connected(server) as client:
            return data_of(await client.call_tool(name, arguments))
    except Exception as error:
        raise understood(server, error) from None


async def listed(server: McpServer) -> list[Offer]:
    """What it says it offers, in its own words. Raises Unreachable."""
    offers: list[Offer] = []
    try:
        async with asyncio.timeout(PATIENCE), connected(server) as client:
            cursor = None
            while len(offers) < MOST:
                page = await client.list_tools(cursor=cursor)
                offers += [offer_of(tool) for tool in page.tools]
                cursor = page.next_cursor
                if cursor is None:
                    break
    except Exception as error:
        raise understood(server, error) from None
    return offers


def offer_of(tool: Any) -> Offer:
    return {
        "name": tool.name,
        "description": tool.description or "",
        "schema": tool.input_schema,
        "reads": bool(tool.annotations and tool.annotations.read_only_hint),
    }


def data_of(result: Any) -> Any:
    text = "\n".join(part.text for part in result.content if getattr(part, "type", "") == "text")
    if result.is_error:
        raise ToolError(text[:500] or "The tool says that it failed.")
    return result.structured_content if result.structured_content is not None else text


def understood(server: McpServer, error: BaseException) -> Exception:
    """An error out of the SDK's groups of tasks as one of ours, which names no address and no key."""
    for one in leaves_of(error):
        if isinstance(one, ToolError | Unreachable):
            return one
        if isinstance(one, TooMuch):
            return ToolError(f"«{server.name}» answered with more than a megabyte.")
        if isinstance(one, MCPError):
            return ToolError(f"«{server.name}» refused: {str(one)[:300]}")
    kinds = ", ".join(type(one).__name__ for one in leaves_of(error))
    log.warning("the MCP server %s cannot be used: %s", server.name, kinds)
    return Unreachable(f"The server «{server.name}» cannot be reached right now.")


def leaves_of(error: BaseException) -> Iterable[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves_of(inner)
    else:
        yield error
