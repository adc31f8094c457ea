"""What tools did on the way to an answer, for the eyes of those who may read it."""

from __future__ import annotations

import json

from ..approvals import exactly
from ..models import Step
from .registry import tool_named
from .schema import BadArguments


def arguments_of(step: Step) -> str:
    """As the tool would get them, with its defaults; what the model wrote where that is no call of it."""
    tool, wrote = tool_named(step.tool), step.input.get("arguments", "")
    try:
        return exactly(tool.parameters.read(wrote) if tool else json.loads(wrote))
    except (BadArguments, ValueError, RecursionError):
        return exactly(wrote)
