"""The console of money: what was spent, by whom and on what; who may spend how much; what was out of the ordinary."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from rooms.admin import ReadOnly
from rooms.models import Room, User

from .ledger import DIMENSIONS, Ledger, Span, ledger
from .models import Account, Agent, Alarm, Hold
from .money.words import dollars
from .sheets import sheet
from .web.usage import chart_of

LONGEST = 366


class CostsForm(forms.Form):
    """Which part of the ledger is looked at. Without dates, the last thirty days."""

    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
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
            "tables": [(name, found.by[name]) for name in DIMENSIONS if name != "day"] if found else [],
            "alarms": Alarm.objects.all()[:10],
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


SUBJECTS: dict[str, Any] = {
    "person": lambda name: User.objects.filter(username=name.lower()),
    "group": lambda name: Group.objects.filter(name=name),
    "room": lambda name: Room.objects.filter(slug=name),
    "agent": lambda name: Agent.objects.filter(user__username=name.lower()),
}


class AccountForm(forms.ModelForm):
    """A budget for somebody by their name; the id behind it is found here."""

    scope = forms.ChoiceField(choices=[(each.value, each.label) for each in Account.Scope if each != "chain"])
    name = forms.CharField(max_length=150, help_text="Username, name of the group, address of the room, or agent.")
    dollars = forms.DecimalField(
        max_digits=12, decimal_places=6, min_value=0, required=False, help_text="Empty is without limit."
    )

    class Meta:
        model = Account
        fields = ["scope", "period"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for field in ("scope", "name", "period"):
                self.fields[field].disabled = True
            self.fields["scope"].choices = Account.Scope.choices  # type: ignore[attr-defined]
            self.fields["name"].initial = self.instance.key
            limit = self.instance.limit_micros
            self.fields["dollars"].initial = None if limit is None else limit / 1_000_000

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        given = said.get("dollars")
        self.instance.limit_micros = None if given is None else int(given * 1_000_000)
        self.instance.by_default = False
        if not self.instance.pk and "name" in said and "scope" in said:
            self.instance.scope, self.instance.period = said["scope"], said.get("period", "day")
            self.instance.key = self.key_of(said["scope"], said["name"])
        return said

    def key_of(self, scope: str, name: str) -> str:
        key = SUBJECTS[scope](name.strip()).values_list("pk", flat=True).first()
        if key is None:
            raise forms.ValidationError({"name": f"There is no such {scope}."})
        if Account.objects.filter(scope=scope, key=key, period=self.instance.period).exists():
            raise forms.ValidationError({"name": "There is an account for this already: change that one."})
        return str(key)


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    """Who may spend how much. Accounts of chains and those the settings made come by themselves."""

    form = AccountForm
    list_display = ["scope", "name", "period", "limit", "spent", "held", "resets_at", "by_default"]
    list_filter = ["scope", "period", "by_default"]
    search_fields = ["=key"]
    readonly_fields = ["spent", "held", "resets_at"]
    fields = ["scope", "name", "period", "dollars", "spent", "held", "resets_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else self.fields[:4]

    @admin.display(description="of")
    def name(self, account: Account) -> str:
        if account.scope not in SUBJECTS:
            return account.key
        model = {"person": User, "group": Group, "room": Room, "agent": Agent}[account.scope]
        return str(model._default_manager.filter(pk=account.key).first() or account.key)

    @admin.display(ordering="limit_micros")
    def limit(self, account: Account) -> str:
        return "any" if account.limit_micros is None else dollars(account.limit_micros)

    @admin.display(ordering="spent_micros")
    def spent(self, account: Account) -> str:
        return dollars(account.spent_micros)

    @admin.display(ordering="held_micros", description="set aside")
    def held(self, account: Account) -> str:
        return dollars(account.held_micros)


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    list_display = ["step", "micros", "spent_micros", "model", "created_at", "released_at"]
    list_filter = [("released_at", admin.EmptyFieldListFilter)]
    show_full_result_count = False


@admin.register(Alarm)
class AlarmAdmin(ReadOnly):
    list_display = ["at", "sentence", "kind", "scope", "name", "window"]
    list_filter = ["kind", "scope"]
