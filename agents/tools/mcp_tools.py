"""Tools of MCP servers as tools of this house. The SDK is not imported here: only a worker that calls one needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any

from rooms import background

from ..models import McpServer
from .context import ToolContext, ToolError
from .mcp_offers import seen
from .registry import Effect, Tool
from .schema import BadArguments, object_in
from .using import clean

BETWEEN = "__"
SECONDS = 20.0
PROBLEMS = 3
STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Declared:
    """Parameters that somebody else has declared, as JSON schema. See `schema.Parameters`, of which it is the likes."""

    schema: dict[str, Any]

    def read(self, text: str) -> dict[str, Any]:
        given: dict[str, Any] = clean(object_in(text))
        try:
            wrong = list(islice(bounded_validator(self.schema).iter_errors(given), PROBLEMS))
        except Exception:  # a schema that leads nowhere, round in circles, or too far
            raise BadArguments("The arguments cannot be compared with what the tool takes.") from None
        if wrong:
            raise BadArguments(*(f"{seen(problem.message, 200)}." for problem in wrong))
        return given


class TooFar(Exception):
    """A schema whose parts name one another so often that comparing would not end."""


def bounded_validator(schema: dict[str, Any]) -> Any:
    """For one comparison of so many steps: a hundred references in a row, each named twice, make 2¹⁰⁰ of them."""
    from jsonschema import Draft202012Validator, validators  # they take their time, which web processes need not spend

    left = iter(range(STEPS))

    def counted(check: Any) -> Any:
        def go(*args: Any) -> Iterator[Any]:
            if next(left, None) is None:
                raise TooFar
            yield from check(*args) or ()

        return go

    known = {word: counted(check) for word, check in Draft202012Validator.VALIDATORS.items()}
    return validators.extend(Draft202012Validator, known)(schema)


def is_remote(name: str) -> bool:
    return BETWEEN in name


def remote_tools(names: Collection[str]) -> dict[str, Tool]:
    """Of those names the ones that some server offers, in one query."""
    servers = McpServer.objects.filter(name__in={name.partition(BETWEEN)[0] for name in names})
    return {name: tool for server in servers for name, tool in tools_of_server(server).items() if name in names}


def all_remote_tools() -> dict[str, Tool]:
    """For whoever chooses among them."""
    return {name: tool for server in McpServer.objects.all() for name, tool in tools_of_server(server).items()}


def tools_of_server(server: McpServer) -> dict[str, Tool]:
    return {offer["name"]: tool_of(server, offer) for offer in server.tools}


def tool_of(server: McpServer, offer: dict[str, Any]) -> Tool:
    effect = effect_of(server, offer)
    return Tool(
        name=offer["name"],
        description=offer["description"],
        parameters=Declared(offer["schema"]),
        work=partial(call, server.pk, offer["original"]),
        effect=effect,
        permission="rooms.read_room" if effect == "reads" else "rooms.post_message",
        guests=False,
        seconds=SECONDS,
        max_chars=8_000,
        per_minute=10,
        off=partial(why_off, server),
    )


def effect_of(server: McpServer, offer: dict[str, Any]) -> Effect:
    """What the staff says, else what the server says of itself; what says nothing cannot be undone."""
    known = server.effects.get(offer["original"]) or server.effects.get(offer["name"])
    if known in ("reads", "writes", "irreversible"):
        return known  # type: ignore[return-value]
    return "reads" if offer["reads"] else "irreversible"


def why_off(server: McpServer) -> str:
    if not server.enabled:
        return f"The server «{server.name}» is switched off."
    return server.problem


async def call(server_id: int, name: str, context: ToolContext, /, **arguments: Any) -> Any:
    """One use of a server's tool. The SDK is imported by a thread at its first use: that takes a second."""
    client = await asyncio.to_thread(import_module, "agents.tools.mcp_client")
    server = await background.in_thread(McpServer.objects.filter(pk=server_id, enabled=True).first)
    if server is None:
        raise ToolError("That server is switched off.")
    try:
        return await client.call(server, name, arguments)
    except client.Unreachable as problem:
        await background.in_thread(McpServer.objects.filter(pk=server_id).update, problem=str(problem)[:280])
        raise ToolError(str(problem)) from None
