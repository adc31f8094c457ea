"""Tools that need nothing but their arguments and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from rooms import db

from .arithmetic import calculate
from .context import ToolContext, ToolError
from .registry import register_tool
from .schema import Longest


@register_tool()
async def calculator(
    context: ToolContext,
    expression: Annotated[str, "Such as (3 + 4) * sqrt(2) / 7 ** 2", Longest(300)],
) -> str:
    """Work out an arithmetic expression: + - * / // % **, sqrt, exp, log, sin, cos, abs, round, min, max, pi, e."""
    return calculate(expression)


@register_tool()
async def date_and_time(
    context: ToolContext,
    zone: Annotated[str, "An IANA time zone, such as Europe/Vienna", Longest(64)] = "UTC",
) -> dict[str, str]:
    """What day and time it is now."""
    try:
        there = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise ToolError("There is no such time zone. Use a name such as Europe/Vienna.") from None
    now: datetime = await db.fetchval("SELECT clock_timestamp()", again=True)
    local = now.astimezone(there)
    return {"time": local.isoformat(timespec="seconds"), "day": local.strftime("%A"), "zone": zone}
