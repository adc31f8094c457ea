"""What a step of each kind does: functions `(step, claim) -> Outcome | None`; None when the lease was lost."""

from __future__ import annotations

from collections.abc import Callable

from ..claims import Claim
from ..models import Step
from ..outcomes import Outcome
from .complete import complete

Work = Callable[[Step, Claim], Outcome | None]

WORK: dict[str, Work] = {Step.Kind.COMPLETE: complete}

__all__ = ["WORK", "Work"]
