"""`@register_tool`, and the tools of this house: those named in `settings.AGENT_TOOLS`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ..llm.port import ToolOffer
from .schema import parameters_of

Effect = Literal["reads", "writes", "irreversible"]
Work = Callable[..., Awaitable[Any]]

NAME = re.compile(r"[a-z][a-z0-9_]{1,63}")
EFFECTS = ("reads", "writes", "irreversible")


class Takes(Protocol):
    """What a tool can be given: `schema` tells a model, `read` makes arguments of what it wrote, or raises."""

    @property
    def schema(self) -> dict[str, Any]: ...

    def read(self, text: str) -> dict[str, Any]: ...


def always() -> str:
    """For a tool that needs nothing of the machine."""
    return ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function and its bounds. `permission` is what requester and agent must both have in the room.

    `off` says in a sentence why it cannot work on this machine; nothing when it can. It may take its time.
    """

    name: str
    description: str
    parameters: Takes
    work: Work
    effect: Effect
    permission: str
    guests: bool
    seconds: float
    max_chars: int
    per_minute: int
    off: Callable[[], str]

    @property
    def __wrapped__(self) -> Work:
        """The function, for whoever looks where a name of the settings leads."""
        return self.work

    @property
    def offer(self) -> ToolOffer:
        return ToolOffer(self.name, self.description, self.parameters.schema)


def register_tool(
    *,
    effect: Effect = "reads",
    permission: str = "rooms.read_room",
    guests: bool = True,
    seconds: float = 10.0,
    max_chars: int = 8_000,
    per_minute: int = 20,
    off: Callable[[], str] = always,
) -> Callable[[Work], Tool]:
    """Make a tool of a typed async function; its docstring tells the model what it is for.

    One that is *irreversible* runs only when a person has approved its exact arguments. Raises TypeError for a function
    that a model could not be told of.
    """
    if effect not in EFFECTS:
        raise TypeError(f"A tool {' or '.join(EFFECTS)}, it does not «{effect}».")

    def made(work: Work) -> Tool:
        name = getattr(work, "__name__", "")
        return Tool(
            name=checked_name(name),
            description=description_of(work),
            parameters=parameters_of(work),
            work=checked(work),
            effect=effect,
            permission=permission,
            guests=guests,
            seconds=seconds,
            max_chars=max_chars,
            per_minute=per_minute,
            off=off,
        )

    return made


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise TypeError(f"«{name}» is no name for a tool: small letters, digits and _.")
    return name


def checked(work: Work) -> Work:
    if not inspect.iscoroutinefunction(work):
        raise TypeError(f"The tool {getattr(work, '__name__', work)} has to be an async function.")
    return work


def description_of(work: Work) -> str:
    text = " ".join((inspect.getdoc(work) or "").split())
    if not text:
        raise TypeError(f"The tool {getattr(work, '__name__', work)} needs a docstring: it is what the model is told.")
    return text


def available_tools() -> dict[str, Tool]:
    """All tools of the house by name, in the order of the settings."""
    return _loaded(tuple(settings.AGENT_TOOLS))


@cache
def _loaded(names: tuple[str, ...]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for name in names:
        tool = import_string(name)
        if not isinstance(tool, Tool) or tool.name in found:
            raise ImproperlyConfigured(f"AGENT_TOOLS names {name}, which is no tool, or one of a name already taken.")
        found[tool.name] = tool
    return found


def tool_named(name: str) -> Tool | None:
    return next(iter(tools_named([name])), None)


def tools_named(names: Sequence[str]) -> list[Tool]:
    """Those there are, in this order. Only names of MCP servers' tools cost a query, one for all of them."""
    from .mcp_tools import is_remote, remote_tools

    ours = available_tools()
    others = [name for name in names if name not in ours and is_remote(name)]
    known = {**ours, **remote_tools(others)} if others else ours
    return [known[name] for name in names if name in known]
