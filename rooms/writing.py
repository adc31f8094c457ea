"""Messages that are still being written, with the text they have by now: the database knows less."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson

from . import background, markup
from .live.streams import atext_so_far
from .reading import Page

WRITING = "writing"


async def aas_it_stands(message: dict[str, Any]) -> dict[str, Any]:
    """The message, its body as far as it was shown. For those who may read it already; finished ones are untouched."""
    if message["state"] != WRITING:
        return message
    shown = await atext_so_far(message["id"])
    body = max(shown, message["body"], key=len)
    return {**message, "body": body, "html": markup.render(body) if body.strip() else ""}


def as_it_stands(message: dict[str, Any]) -> dict[str, Any]:
    """`aas_it_stands` for synchronous code."""
    return background.run(aas_it_stands(message)) if message["state"] == WRITING else message


async def apage_as_it_stands(page: Page) -> Page:
    """A page likewise. Costs nothing unless somebody is writing."""
    if not page.writing:
        return page
    return replace(page, results=list(await asyncio.gather(*map(_text_as_it_stands, page.results))))


async def _text_as_it_stands(text: str) -> str:
    if f'"{WRITING}"' not in text:
        return text
    return orjson.dumps(await aas_it_stands(orjson.loads(text))).decode()
