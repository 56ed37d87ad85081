"""The administration's pages for stages and moves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.administration.base import HistoryAdmin, WorkspaceModelAdmin
from accounts.models import Customer
from accounts.roles import Permission
from journeys.models import Move, Stage


@admin.register(Stage)
class StageAdmin(WorkspaceModelAdmin):
    changing = Permission.CONFIGURE
    fields = ["key", "name", "macro", "order"]
    list_display = ["name", "key", "macro", "order"]
    list_filter = ["macro"]
    search_fields = ["name", "key"]
    ordering = ["order"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Customers' rows and imports name the key, and what a stage meant stays."""
        return ["key", "macro"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A stage somebody has been at stays, because the history names it."""
        if obj is None:
            return False
        used = Move.objects.filter(stage=obj).exists() or Customer.objects.filter(stage_key=obj.key).exists()
        return not used and super().has_delete_permission(request, obj)


@admin.register(Move)
class MoveAdmin(HistoryAdmin):
    list_display = ["customer", "stage", "kind", "occurred_on", "known_at", "reason", "actor_label"]
    list_filter = ["kind"]
    list_select_related = ["customer", "stage"]
    search_fields = ["customer__name"]
