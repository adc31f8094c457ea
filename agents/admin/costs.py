"""The console of costs: what was spent, by whom and on what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from rooms.admin import ReadOnly
from rooms.models import Room, User

from ..models import HOUSE_PAYS, Agent, Alarm, Delivery, Usage
from ..money.ledger import DIMENSIONS, Ledger, Span, ledger
from ..money.sheets import sheet
from ..web.usage import chart_of

LONGEST = 366
TITLES = {"person": "who pays", "purpose": "what it was for"}
"""Of the others the name says it."""


def in_our_times(day: date) -> None:
    """The calendar has an end on both sides, beyond which there is no day before and none after."""
    if not 1970 <= day.year < 9999:
        raise forms.ValidationError("A day of our times, please.")


def day() -> forms.DateField:
    return forms.DateField(required=False, validators=[in_our_times], widget=forms.DateInput(attrs={"type": "date"}))


class CostsForm(forms.Form):
    """Which part of the ledger is looked at. Without dates, the last thirty days."""

    since, until = day(), day()
    person = forms.CharField(max_length=32, required=False)
    room = forms.CharField(max_length=64, required=False)
    agent = forms.CharField(max_length=32, required=False)

    def clean_person(self) -> int | None:
        return self.named(User.objects.filter(username=self.cleaned_data["person"].lower()), "person")

    def clean_room(self) -> int | None:
        return self.named(Room.objects.filter(slug=self.cleaned_data["room"]), "room")

    def clean_agent(self) -> int | None:
        return self.named(Agent.objects.filter(user__username=self.cleaned_data["agent"].lower()), "agent")

    def named(self, found: QuerySet[Any], field: str) -> int | None:
        if not self.cleaned_data[field]:
            return None
        key: int | None = found.values_list("pk", flat=True).first()
        if key is None:
            raise forms.ValidationError(f"There is no such {field}.")
        return key

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        last: date = said.get("until") or datetime.now(UTC).date()
        first: date = said.get("since") or last - timedelta(days=29)
        if not 0 <= (last - first).days < LONGEST:
            raise forms.ValidationError("The first day comes before the last, by a year at most.")
        return {**said, "span": Span(first, last)}


class CostsAdmin(ReadOnly):
    """The ledger, with its sums beside it: `costs/` as charts and tables, `costs.csv` for spreadsheets, `alarms.json`
    for whoever watches the house."""

    change_list_template = "admin/agents/usage/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        mine = [
            path("costs/", wrap(self.costs), name="agents_usage_costs"),
            path("costs.csv", wrap(self.export), name="agents_usage_costs_csv"),
            path("alarms.json", wrap(self.alarms), name="agents_usage_alarms"),
        ]
        return [*mine, *super().get_urls()]

    def costs(self, request: HttpRequest) -> HttpResponse:
        form, found = self.asked(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "What agents cost",
            "opts": self.opts,
            "form": form,
            "found": found,
            "query": request.GET.urlencode(),
            "chart": found and chart_of(found),
            "tables": [(TITLES.get(name, name), found.by[name]) for name in DIMENSIONS if name != "day"]
            if found
            else [],
            "alarms": Alarm.objects.all()[:10],
            "undelivered": Delivery.objects.filter(state=Delivery.State.DEAD).count(),
        }
        return TemplateResponse(request, "admin/agents/usage/costs.html", context, status=200 if found else 400)

    def export(self, request: HttpRequest) -> HttpResponse:
        form, found = self.asked(request)
        return sheet(found) if found else JsonResponse({"code": "invalid", "fields": form.errors}, status=400)

    def alarms(self, request: HttpRequest) -> HttpResponse:
        """How many there ever were, by kind, and the last hundred."""
        self.must_see(request)
        kinds = ("id", "at", "kind", "scope", "key", "name", "window", "spent_micros", "sentence")
        return JsonResponse({"count": Alarm.objects.count(), "results": list(Alarm.objects.values(*kinds)[:100])})

    def asked(self, request: HttpRequest) -> tuple[CostsForm, Ledger | None]:
        self.must_see(request)
        form = CostsForm(request.GET)
        if not form.is_valid():
            return form, None
        said = form.cleaned_data
        return form, ledger(said["span"], person=said["person"], room=said["room"], agent=said["agent"])

    def must_see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


@admin.register(Usage)
class UsageAdmin(CostsAdmin):
    list_display = [
        "created_at", "purpose", "agent", "room", "requester", "paid_by", "deployment", "model",
        "prompt_tokens", "completion_tokens", "dollars", "estimated",
    ]  # fmt: skip
    list_filter = ["purpose", "model", "deployment", "estimated", "agent"]
    list_select_related = ["agent__user", "room", "requester", "payer"]
    search_fields = ["room__slug", "requester__username", "payer__username", "deployment"]
    date_hierarchy = "created_at"

    @admin.display(ordering="cost_micros")
    def dollars(self, usage: Usage) -> str:
        return f"{usage.cost_micros / 1_000_000:.6f}"

    @admin.display(ordering="payer", description="paid by")
    def paid_by(self, usage: Usage) -> str:
        return "the house" if usage.purpose in HOUSE_PAYS else str(usage.payer or "")
