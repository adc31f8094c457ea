"""What a person has used. Floors above add to it by name: `settings.PERSON_USAGE`, functions `(user) -> dict`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models.functions import Now, TruncDay
from django.utils.module_loading import import_string

from . import allowances
from .models import Message, User

Source = Callable[[User], dict[str, Any]]


def usage_of(user: User) -> dict[str, Any]:
    usage: dict[str, Any] = {}
    for source in sources():
        usage |= source(user)
    return usage


@cache
def sources() -> tuple[Source, ...]:
    return tuple(import_string(name) for name in settings.PERSON_USAGE)


def messages_today(user: User) -> dict[str, Any]:
    """Since midnight, UTC."""
    return {"messages_today": Message.objects.filter(author=user, created_at__gte=TruncDay(Now())).count()}


def limits(user: User) -> dict[str, Any]:
    """What they may send and ask, what of it is used and left, and when there is more."""
    return {"limits": [limit.as_facts() for limit in allowances.limits_of(user)]}
