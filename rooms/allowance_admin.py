"""Who may send and ask more or less than the settings say."""

from __future__ import annotations

from django.contrib import admin

from .models import Allowance


@admin.register(Allowance)
class AllowanceAdmin(admin.ModelAdmin):
    list_display = ["what", "person", "group", "role", "kind", "amount"]
    list_filter = ["what", "role", "kind"]
    list_select_related = ["person", "group"]
    autocomplete_fields = ["person"]
    search_fields = ["person__username", "group__name"]
