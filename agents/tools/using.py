"""One use of a tool, inside the event loop: its time, its size, and what becomes of its mistakes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from rooms.errors import RoomsError

from ..speaking.voice import showable
from .context import Result, ToolContext, ToolError
from .registry import Tool

log = logging.getLogger(__name__)

CUT = " […]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the model: `result` or `error`, as data that PostgreSQL and JSON can hold."""

    data: dict[str, Any]
    read: tuple[UUID, ...] = ()


def failed(sentence: str) -> Answer:
    return Answer({"error": showable(sentence)[:500]})


async def use(tool: Tool, context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Its answer, whatever goes wrong in it; only being cancelled passes through."""
    try:
        async with asyncio.timeout(tool.seconds):
            return answered(tool, await tool.work(context, **arguments))
    except TimeoutError:
        return failed(f"«{tool.name}» took longer than {tool.seconds:g} seconds and was stopped.")
    except ToolError as problem:
        return failed(str(problem))
    except RoomsError as problem:
        return failed(problem.detail)
    except Exception:
        log.exception("the tool %s failed", tool.name)
        return failed(f"«{tool.name}» failed by a fault of our own.")


def answered(tool: Tool, given: Any) -> Answer:
    result = given if isinstance(given, Result) else Result(given)
    return Answer({"result": capped(result.data, tool.max_chars)}, tuple(result.read))


def capped(data: Any, characters: int) -> Any:
    """The data as it is when it is small enough; else the beginning of its JSON, as text."""
    text = data if isinstance(data, str) else orjson.dumps(clean(data), default=str).decode()
    if len(text) > characters:
        return showable(text[:characters]) + CUT
    return showable(text) if isinstance(data, str) else orjson.loads(text)


def clean(data: Any) -> Any:
    """Every text in it as a message could hold it: orjson takes no halves of surrogate pairs, PostgreSQL no NUL."""
    if isinstance(data, str):
        return showable(data)
    if isinstance(data, Mapping):
        return {showable(str(key)): clean(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [clean(one) for one in data]
    return data
