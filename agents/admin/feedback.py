"""What people think of answers, for whoever looks after their quality: filters, and all of it as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from rooms.admin import ReadOnly

from ..models import Feedback, FeedbackReason

COLUMNS = ["when", "thumb", "reasons", "note", "agent", "room", "message", "run", "model", "person"]
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ByReason(admin.SimpleListFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in FeedbackReason.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> QuerySet[Feedback]:
        return queryset.filter(reasons__contains=[self.value()]) if self.value() else queryset


@admin.register(Feedback)
class FeedbackAdmin(ReadOnly):
    list_display = ["created_at", "thumb", "why", "note", "agent", "room", "user"]
    list_filter = ["thumb", ByReason, ("message__task__agent", admin.RelatedOnlyFieldListFilter), "created_at"]
    list_select_related = ["message__author", "message__room", "user"]
    search_fields = ["note", "message__room__slug", "user__username", "message__author__username"]
    date_hierarchy = "created_at"
    fields = ["thumb", "why", "note", "agent", "room", "run", "user", "created_at", "changed_at"]
    actions = ["as_csv"]

    @admin.display(description="reasons")
    def why(self, given: Feedback) -> str:
        return ", ".join(str(FeedbackReason(reason).label) for reason in given.reasons)

    @admin.display(ordering="message__author__username")
    def agent(self, given: Feedback) -> str:
        return given.message.author.username

    @admin.display(ordering="message__room__slug")
    def room(self, given: Feedback) -> str:
        return given.message.room.slug

    def run(self, given: Feedback) -> str:
        return str(given.message.run)

    @admin.action(description="Download as CSV", permissions=["view"])
    def as_csv(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> HttpResponse:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="feedback.csv"'
        writer = csv.writer(response)
        writer.writerow(COLUMNS)
        writer.writerows(rows_of(queryset))
        return response


def rows_of(given: QuerySet[Feedback]) -> Iterator[list[str]]:
    related = given.select_related("message__author", "message__room", "message__task__agent", "user")
    for one in related.order_by("id").iterator(chunk_size=500):
        task = getattr(one.message, "task", None)
        yield [
            one.created_at.isoformat(),
            one.thumb,
            " ".join(one.reasons),
            harmless(one.note),
            one.message.author.username,
            one.message.room.slug,
            str(one.message_id),
            str(one.message.run),
            harmless(task.agent.model_name if task else ""),
            one.user.username,
        ]


def harmless(text: str) -> str:
    """A spreadsheet takes a text that begins like a formula for one."""
    return f"'{text}" if text.startswith(FORMULA) else text
