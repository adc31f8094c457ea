"""The console's view of the ground floor. What services decide is read-only here; moderators act through actions that
call them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from . import allowance_admin  # noqa: F401  # registers what it has
from .errors import RoomsError
from .models import ApiToken, Attachment, Event, Invitation, Membership, Message, Report, Room, User
from .services.attachments import remove_attachment
from .services.messages import redact_message
from .services.tokens import revoke_token, sign_out_everywhere


class ReadOnly(admin.ModelAdmin):
    """Rows that only services write: they can be looked at, never typed into."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    list_display = ["username", "display_name", "kind", "is_active", "is_staff", "last_login"]
    list_filter = ["kind", "is_active", "is_staff", "is_superuser"]
    search_fields = ["username", "display_name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "password", "kind"]}),
        ("Shown to others", {"fields": ["display_name", "about"]}),
        ("Contact", {"fields": ["email"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["end_all_sign_ins"]

    @admin.action(description="Sign out everywhere")
    def end_all_sign_ins(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            sign_out_everywhere(user, "signed_out_by_staff")
        self.message_user(request, f"{len(queryset)} signed out everywhere.", messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are deactivated here: what they said stays attributed."""
        return False


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    can_delete = False
    fields = ("user", "role", "joined_at")
    readonly_fields = ("user", "role", "joined_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Room)
class RoomAdmin(ReadOnly):
    list_display = ["name", "slug", "visibility", "kind", "last_seq", "created_by", "created_at", "deleted_at"]
    list_filter = ["visibility", "kind", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug"]
    inlines = [MembershipInline]


class AttachmentInline(admin.TabularInline):
    """Facts about files, without their names: those are words too."""

    model = Attachment
    extra = 0
    can_delete = False
    show_change_link = True
    fields = readonly_fields = ("id", "kind", "content_type", "size", "width", "height", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly):
    list_display = ["id", "room", "uploader", "kind", "content_type", "size", "message", "created_at"]
    list_filter = ["kind", "content_type", ("message", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["room", "uploader", "message__author", "message__room"]
    search_fields = ["=id", "=message__id", "=sha256", "uploader__username", "room__slug"]
    fields = [
        *("id", "room", "uploader", "message", "kind", "content_type", "size", "width", "height", "sha256"),
        "created_at",
    ]
    actions = ["remove"]
    show_full_result_count = False

    @admin.action(description="Remove, with its files", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Attachment]) -> None:
        by = User.objects.get(username=request.user.get_username())
        for number, attachment in enumerate(queryset.select_related("message__room", "room"), 1):
            try:
                remove_attachment(attachment=attachment, by=by)
            except RoomsError as error:
                self.message_user(request, f"{attachment}: {error.detail}", messages.WARNING)
                continue
            self.message_user(request, f"{number}: removed.", messages.SUCCESS)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rooms.delete_attachment")


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Facts about messages, without their words: reading a private room is not part of looking after the site."""

    list_display = ["id", "room", "seq", "author", "state", "created_at"]
    list_filter = ["state", "created_at"]
    list_select_related = ["room", "author"]
    search_fields = ["=id", "author__username", "room__slug"]
    fields = ["id", "room", "seq", "author", "state", "run", "notice", "edited_at", "created_at"]
    inlines = [AttachmentInline]
    show_full_result_count = False


@admin.register(Report)
class ReportAdmin(ReadOnly):
    """What readers asked to have looked at. The reported words are shown here, because somebody asked for it."""

    list_display = ["id", "message_author", "room", "reporter", "reason", "created_at", "handled_at", "handled_by"]
    list_filter = [("handled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["message__author", "message__room", "reporter", "handled_by"]
    fields = [
        *("message_author", "room", "reported_text", "reported_files", "reporter", "reason", "created_at"),
        *("handled_at", "handled_by"),
    ]
    actions = ["mark_handled", "redact"]

    @admin.display(description="author")
    def message_author(self, report: Report) -> str:
        return report.message.author.username

    @admin.display(description="room")
    def room(self, report: Report) -> str:
        return report.message.room.name

    @admin.display(description="text")
    def reported_text(self, report: Report) -> str:
        return report.message.body or f"({report.message.state})"

    @admin.display(description="files")
    def reported_files(self, report: Report) -> str:
        files = report.message.attachments.order_by("place")
        rows = ((reverse("admin:rooms_attachment_change", args=[file.pk]), file.name, file.kind) for file in files)
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a> ({})', rows) or "none"

    @admin.action(description="Mark as handled", permissions=["handle"])
    def mark_handled(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        done = queryset.filter(handled_at=None).update(handled_at=Now(), handled_by=request.user)
        self.message_user(request, f"{done} handled.", messages.SUCCESS)

    @admin.action(description="Redact the message", permissions=["handle"])
    def redact(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        by = User.objects.get(username=request.user.get_username())
        for report in queryset.select_related("message"):
            try:
                redact_message(message=report.message, by=by, reason=report.reason)
            except RoomsError as error:
                self.message_user(request, f"{report}: {error.detail}", messages.WARNING)
        self.mark_handled(request, queryset)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rooms.change_report")


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["room", "seq", "type", "actor", "about", "pending", "created_at"]
    list_filter = ["type", "pending"]
    list_select_related = ["room", "actor", "about"]
    show_full_result_count = False


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    list_display = ["prefix", "room", "role", "created_by", "uses", "max_uses", "expires_at", "revoked_at"]
    list_select_related = ["room", "created_by"]
    exclude = ["digest"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ["prefix", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_token(token=token)
        self.message_user(request, f"{len(queryset)} revoked.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser
