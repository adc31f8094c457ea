"""The console of routes: where agents' models are called, with what key, and how those places are.

A key is typed in and never shown: no form, no list and no diff has it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters

from ..models import Deployment, Route
from ..routing.choosing import price_of
from ..routing.health import Condition, condition_now
from ..routing.routes import LIMITS
from ..sealing import Unopened, sealed_anew
from ..tasks import ask_deployments, send


class DeploymentForm(forms.ModelForm):
    """With a field for a key that is not one of the row's."""

    key = forms.CharField(
        required=False,
        strip=True,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Written here, it is sealed and never shown again. Empty: nothing changes.",
    )
    forget_key = forms.BooleanField(required=False, label="Forget the sealed key")

    class Meta:
        model = Deployment
        fields = [
            *("route", "name", "model", "base_url", "api_version", "lane", "key_variable", "order", "weight", "tags"),
            *("prompt_price", "completion_price", *LIMITS),
            *("sees_images", "image_tokens", "continues", "enabled"),
        ]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("key") and (said.get("key_variable") or said.get("forget_key")):
            raise ValidationError({"key": "Either a key, or the name of a variable, or none."})
        if said.get("key") or said.get("forget_key"):
            self.instance.keep_key(said.get("key", ""))
        return said


@admin.register(Route)
class RouteAdmin(admin.ModelAdmin):
    list_display = ["name", "choice", "places", "agents", "about"]
    list_filter = ["choice"]
    search_fields = ["name", "about", "deployments__name", "deployments__model"]
    readonly_fields = ["deployments"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Route]:
        counted = Count("deployments", distinct=True)
        return super().get_queryset(request).annotate(places=counted, users=Count("agents", distinct=True))

    @admin.display(ordering="places")
    def places(self, route: Any) -> int:
        return int(route.places)

    @admin.display(ordering="users")
    def agents(self, route: Any) -> int:
        return int(route.users)

    @admin.display(description="deployments")
    def deployments(self, route: Route) -> str:
        """Each with how it is, and the way to its own form."""
        if not route.pk:
            return "Save the route first, then add deployments to it."
        found = route.deployments.select_related("route", "health")
        rows = ((f"../../../deployment/{one.pk}/change/", one, condition_now(one).state) for one in found)
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>: {}', rows) or "None yet."


@admin.register(Deployment)
class DeploymentAdmin(admin.ModelAdmin):
    form = DeploymentForm
    list_display = [
        "__str__",
        "model",
        "lane",
        "state",
        "words",
        "price",
        "first_word",
        "calls",
        "today",
        "order",
        "weight",
        "enabled",
    ]
    list_filter = ["enabled", "route", "lane", "sees_images", "health__last_error"]
    list_select_related = ["route", "health"]
    search_fields = ["name", "route__name", "model", "base_url", "tags", "health__last_words"]
    readonly_fields = ["state", "price", "words", "first_word", "calls", "today", "has_key"]
    actions = ["ask_whether_they_live", "seal_anew"]
    fieldsets = [
        (None, {"fields": ["route", "name", "model", "base_url", "api_version", "lane", "enabled"]}),
        ("Key", {"fields": ["has_key", "key_variable", "key", "forget_key"]}),
        ("Choice", {"fields": ["order", "weight", "tags", "prompt_price", "completion_price", "price"]}),
        ("Limits", {"fields": LIMITS}),
        ("What it can", {"fields": ["sees_images", "image_tokens", "continues"]}),
        ("How it is", {"fields": ["state", "words", "first_word", "calls", "today"]}),
    ]

    @method_decorator(sensitive_post_parameters("key"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    def condition(self, deployment: Deployment) -> Condition | None:
        return condition_now(deployment) if deployment.pk else None

    @admin.display(description="state")
    def state(self, deployment: Deployment) -> str:
        found = self.condition(deployment)
        return found.state if found else "never tried"

    @admin.display(description="in words")
    def words(self, deployment: Deployment) -> str:
        found = self.condition(deployment)
        return found.words if found else ""

    @admin.display(description="seconds to the first word", ordering="health__first_word")
    def first_word(self, deployment: Deployment) -> str:
        seconds = deployment.health.first_word if deployment.pk else None
        return "–" if seconds is None else f"{seconds:.2f}"

    @admin.display(description="dollars a million tokens, read and written")
    def price(self, deployment: Deployment) -> str:
        """Without one a call counts as free, wherever money is limited: better seen here than on the bill."""
        read, written = price_of(deployment)
        if deployment.prompt_price is None and deployment.completion_price is None and not (read or written):
            return "Unknown: counted as free." if not deployment.model.startswith("scripted") else "Free."
        return f"{read:g} and {written:g}"

    @admin.display(ordering="health__calls")
    def calls(self, deployment: Deployment) -> int:
        return deployment.health.calls if deployment.pk else 0

    @admin.display(description="dollars on its last day", ordering="health__spent_micros")
    def today(self, deployment: Deployment) -> str:
        return f"{deployment.health.spent_micros / 1_000_000:.4f}" if deployment.pk else "–"

    @admin.display(description="key")
    def has_key(self, deployment: Deployment) -> str:
        if deployment.key_sealed:
            return "There is one, sealed."
        return f"In the variable {deployment.key_variable}." if deployment.key_variable else "None."

    @admin.action(description="Ask now whether they live", permissions=["change"])
    def ask_whether_they_live(self, request: HttpRequest, queryset: QuerySet[Deployment]) -> None:
        send(ask_deployments, list(queryset.values_list("pk", flat=True)))
        self.message_user(request, "The workers ask them. How they are is shown in a moment.", messages.SUCCESS)

    @admin.action(description="Seal their keys with the newest SEALING_KEY", permissions=["change"])
    def seal_anew(self, request: HttpRequest, queryset: QuerySet[Deployment]) -> None:
        lost = [one for one in queryset.exclude(key_sealed="").select_related("route") if not sealed_again(one)]
        if lost:
            names = ", ".join(map(str, lost))
            self.message_user(request, f"No SEALING_KEY opens the keys of {names}. Type them in again.", messages.ERROR)
        else:
            self.message_user(request, "Sealed anew.", messages.SUCCESS)


def sealed_again(deployment: Deployment) -> bool:
    try:
        deployment.key_sealed = sealed_anew(deployment.key_sealed)
    except Unopened:
        return False
    deployment.save(update_fields=["key_sealed"])
    return True
