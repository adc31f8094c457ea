"""What somebody may still spend, as they are told it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from rooms.models import User

from ..models import Account
from .payers import limits_of


@dataclass(frozen=True, slots=True)
class Budget:
    """Of a person, or of a group that shares it. Without a limit `left` is None."""

    scope: str
    period: str
    name: str
    limit: int | None
    spent: int
    held: int
    resets_at: datetime | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.spent - self.held)

    @property
    def share(self) -> int:
        """Per cent of it that is gone."""
        return min(100, round(100 * (self.spent + self.held) / self.limit)) if self.limit else 100


def budgets_of(user: User) -> list[Budget]:
    """Those of the person and of their groups that have a limit, also where nothing was spent yet. Two queries."""
    groups = {str(pk): name for pk, name in user.groups.values_list("pk", "name")}
    wanted = Q(scope="person", key=str(user.pk)) | Q(scope="group", key__in=groups)
    defaults = dict(limits_of("person", guest=user.kind == User.Kind.GUEST))
    found = {(one.scope, one.key, one.period): one for one in Account.objects.filter(wanted)}
    for period, limit in defaults.items():
        unspent = Account(scope="person", key=str(user.pk), period=period, limit_micros=limit, by_default=True)
        found.setdefault(("person", str(user.pk), period), unspent)
    budgets = [budget_of(account, groups.get(account.key, user.username), defaults) for account in found.values()]
    return [one for one in budgets if one.limit is not None]


def budget_of(account: Account, name: str, defaults: dict[str, int]) -> Budget:
    resets = next_reset(account.period)
    over = account.resets_at is not None and account.resets_at <= datetime.now(UTC)
    limit = defaults.get(account.period) if account.by_default else account.limit_micros
    spent = 0 if over else account.spent_micros
    return Budget(account.scope, account.period, name, limit, spent, account.held_micros, resets)


def next_reset(period: str) -> datetime | None:
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == Account.Period.DAY:
        return datetime.fromtimestamp(today.timestamp() + 86_400, UTC)
    if period == Account.Period.MONTH:
        return today.replace(year=now.year + now.month // 12, month=now.month % 12 + 1, day=1)
    return None


def as_facts(budget: Budget) -> dict[str, Any]:
    return {
        "of": budget.scope,
        "name": budget.name,
        "period": budget.period,
        "limit_micros": budget.limit,
        "spent_micros": budget.spent,
        "held_micros": budget.held,
        "left_micros": budget.left,
        "resets_at": budget.resets_at and budget.resets_at.isoformat().replace("+00:00", "Z"),
    }
