"""The console of alarms: what was out of the ordinary, who was told of it, and what could not be delivered."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from rooms.admin import ReadOnly

from ..models import Alarm, Delivery
from ..tasks import deliver_alarms, send


@admin.register(Alarm)
class AlarmAdmin(ReadOnly):
    list_display = ["at", "sentence", "kind", "scope", "name", "window", "told"]
    list_filter = ["kind", "scope", "deliveries__state"]
    readonly_fields = ["told"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:
        return super().get_queryset(request).prefetch_related("deliveries")

    @admin.display(description="told by")
    def told(self, alarm: Alarm) -> str:
        said = [f"{one.channel}: {one.get_state_display()}" for one in alarm.deliveries.all()]
        return ", ".join(sorted(said)) or "the log alone"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """The outbox. What was given up is tried again when somebody says so, under the same key."""

    list_display = [
        "created_at",
        "alarm",
        "channel",
        "state",
        "attempts",
        "last_error",
        "tried_at",
        "due_at",
        "done_at",
    ]
    list_filter = ["state", "channel"]
    list_select_related = ["alarm"]
    actions = ["try_again"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("agents.change_delivery"))

    @admin.action(description="Try again now", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        open_again: dict[str, Any] = {"state": Delivery.State.WAITING, "attempts": 0, "due_at": Now()}
        count = queryset.exclude(state=Delivery.State.DONE).update(**open_again)
        send(deliver_alarms)  # beat does so within half a minute too
        self.message_user(request, f"{count} will be tried again in a moment.", messages.SUCCESS)
