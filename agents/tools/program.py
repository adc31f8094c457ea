"""The tool that runs a program."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from . import sandbox
from .context import ToolContext, ToolError
from .registry import register_tool
from .schema import Longest


@register_tool(guests=False, seconds=20.0, per_minute=10, off=sandbox.off)
async def run_python(
    context: ToolContext, program: Annotated[str, "Print what you want to see", Longest(10_000)]
) -> dict[str, Any]:
    """Run a short Python program, standard library only, without network and files, and read what it prints."""
    if why := await asyncio.to_thread(sandbox.off):
        raise ToolError(why)
    ran = await sandbox.run(program)
    ended = ran.cut or ("well" if ran.status == 0 else f"with status {ran.status}")
    return {"output": ran.output, "ended": ended}
