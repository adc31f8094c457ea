"""The console of tools: the MCP servers they come from, and what people were asked to approve."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from rooms.admin import ReadOnly

from .. import tasks
from ..models import Approval, McpServer, RoomNote
from ..tools.mcp_tools import tools_of_server


@admin.register(McpServer)
class McpServerAdmin(admin.ModelAdmin):
    list_display = ["name", "place", "enabled", "internal", "offers", "problem", "asked_at"]
    list_filter = ["enabled"]
    search_fields = ["name"]
    readonly_fields = ["problem", "asked_at", "offered"]
    actions = ["ask"]

    @admin.display(description="where")
    def place(self, server: McpServer) -> str:
        return server.url or server.command

    @admin.display(description="tools")
    def offers(self, server: McpServer) -> int:
        return len(server.tools)

    @admin.display(description="what it offers")
    def offered(self, server: McpServer) -> str:
        tools = tools_of_server(server).values()
        return "\n".join(f"{tool.name} ({tool.effect}): {tool.description}" for tool in tools) or "Nothing yet."

    def save_model(self, request: HttpRequest, obj: McpServer, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tasks.send(tasks.ask_mcp_servers, obj.name)

    @admin.action(description="Look what they offer now", permissions=["change"])
    def ask(self, request: HttpRequest, queryset: QuerySet[McpServer]) -> None:
        for server in queryset:
            tasks.send(tasks.ask_mcp_servers, server.name)
        self.message_user(request, "Being asked; look again in a moment.", messages.SUCCESS)


@admin.register(Approval)
class ApprovalAdmin(ReadOnly):
    list_display = ["id", "step", "state", "asked_at", "expires_at", "decided_by", "decided_at"]
    list_filter = ["state"]
    list_select_related = ["step", "decided_by"]


@admin.register(RoomNote)
class RoomNoteAdmin(ReadOnly):
    list_display = ["title", "room", "author", "updated_at"]
    list_select_related = ["room", "author"]
    search_fields = ["title", "room__slug"]
