"""What a person has used of agents, as a page and as a table for spreadsheets: nobody's but their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rooms.allowances import limits_of
from rooms.models import Room, User
from rooms.usage import messages_today
from rooms.web.doors import PageRequest, page

from ..models import Agent
from ..money.charts import columns
from ..money.ledger import Ledger, Span, Sum, ledger
from ..money.sheets import sheet
from ..money.standing import budgets_of
from ..money.words import dollars

DAYS = (7, 30, 90)
MINE = ("room", "agent", "model", "day")
ELSEWHERE = "a room you are not in any more"


@require_GET
@page
def show(request: PageRequest) -> HttpResponse:
    days = days_asked(request)
    found = mine(request.user, Span.of_days(days))
    in_words(found)
    today, month = found.days[-1], mine(request.user, Span.of_month())
    context = {
        "days": days,
        "choices": DAYS,
        "sent": messages_today(request.user)["messages_today"],
        "figures": [("Today", today), ("This month", month.total), (f"{days} days", found.total)],
        "limits": limits_of(request.user),
        "budgets": budgets_of(request.user),
        "chart": chart_of(found),
        "tables": [(label, found.by[key]) for label, key in (("agent", "agent"), ("room", "room"), ("model", "model"))],
    }
    return render(request, "agents/usage.html", context)


@require_GET
@page
def export(request: PageRequest) -> HttpResponse:
    return sheet(mine(request.user, Span.of_days(days_asked(request))), MINE)


def days_asked(request: PageRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, DAYS) else DAYS[1]


def mine(user: User, span: Span) -> Ledger:
    """Their own sums; rooms they may not see any more are not named."""
    found = ledger(span, person=user.pk)
    hide(user, found.by["room"])
    return found


def hide(user: User, rooms: Iterable[Sum]) -> None:
    visible = {str(pk) for pk in Room.objects.visible_to(user).values_list("pk", flat=True)} if rooms else set()
    for one in rooms:
        if one.key not in visible:
            one.name = ELSEWHERE


def in_words(found: Ledger) -> None:
    """Agents and rooms by the names that people know them by, where a table has room for them."""
    rooms = dict(Room.objects.filter(pk__in=[one.key for one in found.by["room"]]).values_list("slug", "name"))
    agents = {one.user.username: one.user.name for one in agents_in(found)}
    for sums, names in ((found.by["room"], rooms), (found.by["agent"], agents)):
        for one in sums:
            one.name = names.get(one.name, one.name)


def agents_in(found: Ledger) -> QuerySet[Agent]:
    return Agent.objects.filter(pk__in=[one.key for one in found.by["agent"]]).select_related("user")


def chart_of(found: Ledger) -> Any:
    """By money if there was any, else by tokens."""
    if found.total.micros:
        points = [(one.key, one.micros, dollars(one.micros)) for one in found.days]
    else:
        points = [(one.key, one.tokens, f"{one.tokens:,} tokens") for one in found.days]
    return columns(points, f"{found.total.calls} answers, {found.total.tokens:,} tokens, {dollars(found.total.micros)}")
