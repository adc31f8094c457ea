from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.db.models.functions import Now, TruncDay

from rooms.models import User

from .models import Usage


def today(user: User) -> dict[str, Any]:
    """What the answers took that this person asked for since midnight, UTC. For `settings.PERSON_USAGE`."""
    mine = Usage.objects.filter(step__task__requester=user)  # by indexes; the ledger itself has none for people
    spent = mine.filter(created_at__gte=TruncDay(Now())).aggregate(
        prompt=Sum("prompt_tokens", default=0),
        completion=Sum("completion_tokens", default=0),
        cost=Sum("cost_micros", default=0),
    )
    return {
        "prompt_tokens_today": spent["prompt"],
        "completion_tokens_today": spent["completion"],
        "cost_micros_today": spent["cost"],
    }
