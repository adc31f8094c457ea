"""The console of budgets: who may spend how much, and what is set aside."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from rooms.admin import ReadOnly
from rooms.models import Room, User

from ..models import Account, Agent, Hold
from ..money.words import dollars

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
            for field in {"scope", "name", "period"} & set(self.fields):  # who only looks has no field of the row
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
        if obj and not self.has_change_permission(request, obj):
            return ["limit" if field == "dollars" else field for field in self.fields]
        return self.fields if obj else self.fields[:4]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Only what was typed: agents go on setting money aside and spending it meanwhile."""
        obj.save(update_fields=["limit_micros", "by_default"] if change else None)

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
