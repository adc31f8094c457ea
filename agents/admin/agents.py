"""The console of the agents: who they are, where they sit, what they did and what it cost. Ledgers are read-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest

from rooms.admin import ReadOnly
from rooms.errors import Invalid, RoomsError
from rooms.models import User
from rooms.models.user import validate_username

from ..models import Agent, Breaker, Chain, Prompt, Seat, Step, Task
from ..models.agent import BOUNDS
from ..models.task import LIVE
from ..registry.facts import snapshot_of
from ..services import cancel_run, change_seat
from ..services.seats import OF_TRIGGER, check_trigger
from ..services.versions import keep_what_is
from ..tools import available_tools
from ..tools.mcp_tools import all_remote_tools


def tool_choices() -> list[tuple[str, str]]:
    """With what each does, and why it is off if it is."""
    every = [*available_tools().values(), *all_remote_tools().values()]
    return [(tool.name, f"{tool.name}: {tool.off() or tool.description}") for tool in every]


class AgentForm(forms.ModelForm):
    """An agent and its user in one form; the name is given once and then stays."""

    username = forms.CharField(max_length=32, validators=[validate_username])
    display_name = forms.CharField(max_length=64, required=False)
    tools = forms.MultipleChoiceField(choices=tool_choices, required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Agent
        fields = [
            "owner", "visibility", "shared_with", "shared_rooms", "persona", "system_prompt", "greeting",
            "capabilities", "model", "route", "route_tags", "parameters", "tools", "policies", "enabled", *BOUNDS,
        ]  # fmt: skip
        widgets = {"system_prompt": forms.Textarea(attrs={"rows": 12, "cols": 90})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["username"].initial = self.instance.user.username
            self.fields["username"].disabled = True
            self.fields["display_name"].initial = self.instance.user.display_name

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if not self.instance.pk and User.objects.filter(username=name).exists():
            raise ValidationError("Somebody already has this name.")
        return name


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    form = AgentForm
    list_display = [
        "username",
        "name",
        "way",
        "enabled",
        "visibility",
        "version",
        "rooms",
        "owner",
        "created_at",
    ]
    list_filter = ["enabled", "visibility", "route", "model"]
    list_select_related = ["user", "owner", "route"]
    search_fields = ["user__username", "user__display_name", "persona"]
    autocomplete_fields = ["owner", "shared_with"]
    filter_horizontal = ["shared_rooms"]
    fieldsets = [
        (None, {"fields": ["username", "display_name", "persona", "owner", "enabled"]}),
        ("Who may use it", {"fields": ["visibility", "shared_with", "shared_rooms"]}),
        ("What it is told", {"fields": ["system_prompt", "greeting", "capabilities", "context_messages"]}),
        ("What it may do", {"fields": ["tools", "policies"]}),
        ("Model", {"fields": ["route", "route_tags", "model", "parameters", "max_prompt_tokens", "max_reply_tokens"]}),
        ("Deadlines", {"fields": ["connect_seconds", "first_token_seconds", "idle_seconds", "total_seconds"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        return super().get_queryset(request).filter(draft=False).annotate(seated=Count("seats"))

    @admin.display(ordering="user__username", description="agent")
    def username(self, agent: Agent) -> str:
        return agent.user.username

    @admin.display(description="shown as")
    def name(self, agent: Agent) -> str:
        return agent.user.name

    @admin.display(ordering="seated")
    def rooms(self, agent: Any) -> int:
        return int(agent.seated)

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        was = snapshot_of(Agent.objects.select_related("user").get(pk=obj.pk)) if change else {}
        if not change:
            user = User(username=form.cleaned_data["username"], kind=User.Kind.AGENT)
            user.set_unusable_password()
            user.save()
            obj.user = user
        obj.user.display_name = form.cleaned_data["display_name"]
        obj.user.save(update_fields=["display_name"])
        if change and snapshot_of(obj) != was:
            obj.version += 1
        super().save_model(request, obj, form, change)
        keep_what_is(obj, request.user if isinstance(request.user, User) else None, "Made in the admin")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Agents are switched off: what they said stays attributed."""
        return False


class SeatForm(forms.ModelForm):
    """When an agent speaks in a room, checked as everywhere else."""

    class Meta:
        model = Seat
        fields = ["trigger", "keywords", "schedule", "instruction"]
        widgets = {"instruction": forms.Textarea(attrs={"rows": 3, "cols": 90})}

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        try:
            check_trigger(Seat(**{name: value for name, value in facts.items() if name in OF_TRIGGER}))
        except Invalid as refusal:
            raise ValidationError({name: list(said) for name, said in (refusal.fields or {}).items()}) from None
        return facts


@admin.register(Seat)
class SeatAdmin(ReadOnly):
    form = SeatForm
    list_display = ["agent", "room", "trigger", "keywords", "schedule", "added_by", "created_at"]
    list_filter = ["trigger"]
    list_select_related = ["agent__user", "room", "added_by"]
    search_fields = ["agent__user__username", "room__slug"]
    fields = OF_TRIGGER

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("agents.change_agent")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if self.has_change_permission(request, obj) else list(OF_TRIGGER)

    def save_model(self, request: HttpRequest, obj: Seat, form: Any, change: bool) -> None:
        """By the same service as in the room, which tells its members."""
        if isinstance(request.user, User):
            change_seat(seat=obj, by=request.user, **{name: form.cleaned_data[name] for name in OF_TRIGGER})


@admin.register(Chain)
class ChainAdmin(ReadOnly):
    list_display = ["root", "room", "turns", "bound", "started_at", "told_at"]
    list_filter = ["bound"]
    list_select_related = ["root__author", "root__room", "room"]
    search_fields = ["room__slug"]


class StepInline(admin.TabularInline):
    model = Step
    fields = ("kind", "tool", "status", "attempt", "fence", "lease_owner", "error", "prompt_tokens", "ended_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(ReadOnly):
    list_display = ["id", "agent", "room", "requester", "status", "reason", "attempt", "tokens", "created_at", "took"]
    list_filter = ["status", "reason", "agent"]
    list_select_related = ["agent__user", "room", "requester"]
    search_fields = ["id", "room__slug", "requester__username", "agent__user__username"]
    date_hierarchy = "created_at"
    inlines = [StepInline]
    actions = ["stop"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        total = Sum("steps__usages__prompt_tokens") + Sum("steps__usages__completion_tokens")
        return super().get_queryset(request).annotate(total_tokens=total)

    @admin.display(ordering="total_tokens")
    def tokens(self, task: Any) -> int:
        return task.total_tokens or 0

    @admin.display(description="seconds")
    def took(self, task: Task) -> str:
        if task.started_at is None or task.ended_at is None:
            return "–"
        return f"{(task.ended_at - task.started_at).total_seconds():.1f}"

    @admin.action(description="Stop these runs", permissions=["view"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        if not request.user.has_perm("agents.stop_task") or not isinstance(request.user, User):
            return self.message_user(request, "You may look at runs, not stop them.", messages.ERROR)
        stopped = 0
        for task in Task.objects.filter(pk__in=queryset.values("pk"), status__in=LIVE).select_related("agent__user"):
            try:
                cancel_run(run=task, by=request.user)
                stopped += 1
            except RoomsError:
                continue  # it ended by itself in this moment
        self.message_user(request, f"{stopped} stopped.", messages.SUCCESS)


@admin.register(Prompt)
class PromptAdmin(ReadOnly):
    list_display = ["__str__", "agent", "created_at"]
    search_fields = ["sha256"]

    def agent(self, prompt: Prompt) -> str:
        return prompt.parts.get("username", "")


@admin.register(Breaker)
class BreakerAdmin(ReadOnly):
    list_display = ["name", "state", "failures", "last_error", "opened_at", "changed_at"]
    list_filter = ["state"]
    actions = ["close"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only so that the action is offered; there is no form to change."""
        return obj is None and request.user.has_perm("agents.change_breaker")

    @admin.action(description="Close: let calls through again", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        closed = queryset.filter(~Q(state=Breaker.State.CLOSED) | Q(failures__gt=0)).update(
            state=Breaker.State.CLOSED, failures=0, opened_at=None, probe=None, probe_until=None
        )
        self.message_user(request, f"{closed} closed.", messages.SUCCESS)
