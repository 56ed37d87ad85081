"""The administration's pages for adoption: read only, and of people only what the workspace shows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.administration.base import HistoryAdmin
from journeys import models
from journeys.adoption.people import LEAST_SHOWN
from journeys.selectors import adoption as reads


class _PeopleAdmin(HistoryAdmin):
    """Rows about single people: under the name the workspace allows, and not at all where it shows aggregates only."""

    exclude = ["contact"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and not reads.shown().is_aggregate

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown = reads.shown()

        def person(row: Any) -> str:
            if shown.people == models.PeopleShown.NAME:
                return str(row.contact)
            return _("Person %(pseudonym)s") % {"pseudonym": shown.pseudonym(row.contact_id)}

        person.short_description = gettext_lazy("Person")  # type: ignore[attr-defined]  # how the admin names columns
        return [person, *self.list_display]


@admin.register(models.AdoptionState)
class AdoptionStateAdmin(_PeopleAdmin):
    list_display = ["customer", "state", "since", "first_use_on", "activated_on", "last_use_on", "due_on"]
    list_filter = ["state"]
    list_select_related = ["customer", "contact"]
    ordering = ["customer_id", "id"]


@admin.register(models.AdoptionChange)
class AdoptionChangeAdmin(_PeopleAdmin):
    list_display = ["customer", "day", "state", "before", "recorded_at"]
    list_filter = ["state"]
    list_select_related = ["customer", "contact"]


@admin.register(models.AdoptionVersion)
class AdoptionVersionAdmin(HistoryAdmin):
    list_display = ["customer_id", "day", "state", "known_on", "known_until", "closed_at"]
    list_filter = ["state"]
    exclude = ["contact_id"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and not reads.shown().is_aggregate


@admin.register(models.AdoptionCount)
class AdoptionCountAdmin(HistoryAdmin):
    list_display = ["customer", "people", "invited", "first_use", "activated", "habitual", "lapsed", "counted_at"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Where people are shown in aggregate only, few people are no aggregate."""
        rows = super().get_queryset(request)
        return rows.filter(people__gte=LEAST_SHOWN) if reads.shown().is_aggregate else rows


@admin.register(models.AdoptionRules)
class AdoptionRulesAdmin(HistoryAdmin):
    list_display = ["number", "effective_on", "reason", "actor_label", "created_at"]


@admin.register(models.AdoptionDisplay)
class AdoptionDisplayAdmin(HistoryAdmin):
    list_display = ["people", "changed_at", "changed_by_label"]
    exclude = ["secret"]


@admin.register(models.AdoptionPlan)
class AdoptionPlanAdmin(HistoryAdmin):
    list_display = ["customer", "number", "baseline_on", "baseline_percent", "targets", "reason", "actor_label"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.AdoptionGroup)
class AdoptionGroupAdmin(HistoryAdmin):
    list_display = ["customer", "name", "step", "words"]
    list_filter = ["step"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "name"]


@admin.register(models.AdoptionIndicator)
class AdoptionIndicatorAdmin(HistoryAdmin):
    list_display = ["customer", "title", "kind", "threshold", "measured", "reached_on", "defined_by_label"]
    list_filter = ["kind"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "title"]
