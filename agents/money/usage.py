"""What `GET /me/` says of a person's answers, beside what the rooms say. For `settings.PERSON_USAGE`."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.db.models.functions import Now, TruncDay

from rooms.models import User

from ..models import Usage
from .standing import as_facts, budgets_of


def today(user: User) -> dict[str, Any]:
    """What the answers took that this person pays for, since midnight, UTC."""
    mine = Usage.objects.filter(payer=user, created_at__gte=TruncDay(Now()))
    spent = mine.aggregate(
        prompt=Sum("prompt_tokens", default=0),
        completion=Sum("completion_tokens", default=0),
        cost=Sum("cost_micros", default=0),
    )
    return {
        "prompt_tokens_today": spent["prompt"],
        "completion_tokens_today": spent["completion"],
        "cost_micros_today": spent["cost"],
    }


def budgets(user: User) -> dict[str, Any]:
    """What is left to spend and when there is more; nothing where nobody set a limit."""
    return {"budgets": [as_facts(one) for one in budgets_of(user)]}
