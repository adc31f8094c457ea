"""When a broken call is made again, and when a probe has taken too long."""

from __future__ import annotations

import random

from ..llm.port import LLMError, Request

RETRIES = 2
RETRIED = frozenset({"busy", "down"})
LONGEST_WAIT = 10.0
"""A provider that wants to be left alone for longer than people wait is not asked again."""


def pause_before(number: int, error: LLMError) -> float | None:
    """Seconds until this call, the second or third, may be made, jittered; None when it must not be."""
    if number > RETRIES + 1 or error.kind not in RETRIED:
        return None
    if error.retry_after is not None and error.retry_after > LONGEST_WAIT:
        return None
    backoff = 0.25 * 2**number * random.uniform(0.5, 1.5)  # noqa: S311  # a jitter need not be unguessable
    return max(backoff, (error.retry_after or 0) * random.uniform(1, 1.1))  # noqa: S311


def patience_of(request: Request) -> float:
    """How long a probe may take to say its first word, before another call may probe."""
    return request.deadlines.connect + request.deadlines.first_token + 5
