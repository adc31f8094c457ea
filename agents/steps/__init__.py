"""What a step of each kind does: functions `(step, claim) -> Begun`, which do not wait."""

from __future__ import annotations

from collections.abc import Callable

from ..models import Step
from ..runs.claims import Claim
from ..together.work import TOGETHER
from .begun import Begun
from .complete import complete
from .consult import consult
from .tool import use_tool

Work = Callable[[Step, Claim], Begun]

WORK: dict[str, Work] = {
    Step.Kind.COMPLETE: complete,
    Step.Kind.TOOL: use_tool,
    **dict.fromkeys(TOGETHER, consult),
}

__all__ = ["WORK", "Begun", "Work"]
