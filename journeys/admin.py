"""The administration's pages for stages and moves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.administration.base import HistoryAdmin, WorkspaceModelAdmin
from accounts.models import Customer
from accounts.roles import Permission
from journeys import adoption_admin, models
from journeys.models import Move, Stage

__all__ = ["adoption_admin"]


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


@admin.register(models.StageCriterion)
class StageCriterionAdmin(HistoryAdmin):
    list_display = ["stage", "side", "kind", "params"]
    list_filter = ["side", "kind"]
    list_select_related = ["stage"]


@admin.register(models.Lap)
class LapAdmin(HistoryAdmin):
    list_display = ["customer", "number", "kind", "began_on", "ended_on", "gained_arr_minor"]
    list_filter = ["kind"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.RelayTemplate)
class RelayTemplateAdmin(HistoryAdmin):
    list_display = ["from_stage", "to_stage", "giver_department", "taker_department", "due_working_days"]
    list_select_related = ["from_stage", "to_stage"]


@admin.register(models.Relay)
class RelayAdmin(HistoryAdmin):
    list_display = ["customer", "from_stage", "to_stage", "state", "offered_at", "due_at", "decided_at"]
    list_filter = ["state", "giver_department", "taker_department"]
    list_select_related = ["customer", "from_stage", "to_stage"]
    search_fields = ["customer__name"]


@admin.register(models.RelayTemplateItem)
class RelayTemplateItemAdmin(HistoryAdmin):
    list_display = ["template_id", "position", "text", "required"]


@admin.register(models.RelayVersion)
class RelayVersionAdmin(HistoryAdmin):
    list_display = ["relay_id", "customer_id", "state", "offered_at", "due_at", "decided_at", "known_at"]
    list_filter = ["state"]


@admin.register(models.RelayItem)
class RelayItemAdmin(HistoryAdmin):
    list_display = ["relay_id", "position", "text", "required", "done_at", "done_by_label"]


@admin.register(models.Outcome)
class OutcomeAdmin(HistoryAdmin):
    list_display = ["customer", "kind", "settlement", "created_at", "version"]
    list_filter = ["kind", "settlement"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "external_id"]


@admin.register(models.OutcomeVersion)
class OutcomeVersionAdmin(HistoryAdmin):
    list_display = ["outcome_id", "number", "statement", "due_on", "reason", "effective_on", "actor_label"]


@admin.register(models.Kpi)
class KpiAdmin(HistoryAdmin):
    list_display = ["external_id", "outcome_id", "retired_at", "version"]
    search_fields = ["external_id"]


@admin.register(models.KpiVersion)
class KpiVersionAdmin(HistoryAdmin):
    list_display = ["name", "number", "baseline", "target", "unit", "direction", "due_on", "reason", "actor_label"]
    search_fields = ["name"]


@admin.register(models.Measurement)
class MeasurementAdmin(HistoryAdmin):
    list_display = ["kpi_id", "value", "measured_on", "source", "known_at", "actor_label"]


@admin.register(models.Win)
class WinAdmin(HistoryAdmin):
    list_display = ["customer", "title", "happened_on", "celebrated_at", "actor_label"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "title"]


@admin.register(models.Task)
class TaskAdmin(HistoryAdmin):
    list_display = ["title", "customer", "state", "owner", "department", "due_on", "source"]
    list_filter = ["state", "department", "source"]
    list_select_related = ["customer", "owner__user"]
    search_fields = ["title", "customer__name"]


@admin.register(models.WorkCalendar)
class WorkCalendarAdmin(HistoryAdmin):
    list_display = ["opens", "closes", "weekend"]


@admin.register(models.Holiday)
class HolidayAdmin(HistoryAdmin):
    list_display = ["day", "name"]
    search_fields = ["name"]


@admin.register(models.PlanLink)
class PlanLinkAdmin(HistoryAdmin):
    list_display = ["customer", "made_for", "created_at", "expires_on", "revoked_at", "opened", "last_opened_at"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "made_for"]


@admin.register(models.PlanComment)
class PlanCommentAdmin(HistoryAdmin):
    list_display = ["customer", "author", "is_ours", "written_at", "read_at"]
    list_filter = ["is_ours"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.Engagement)
class EngagementAdmin(HistoryAdmin):
    list_display = ["subject", "direction", "channel", "occurred_at", "sentiment", "by_label"]
    list_filter = ["direction", "channel", "sentiment"]
    search_fields = ["subject", "external_id"]


@admin.register(models.EngagementCustomer)
class EngagementCustomerAdmin(HistoryAdmin):
    list_display = ["customer", "direction", "channel", "occurred_at"]
    list_filter = ["direction", "channel"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.EngagementVersion)
class EngagementVersionAdmin(HistoryAdmin):
    list_display = ["engagement_id", "customer_id", "took_part", "occurred_at", "direction", "sentiment", "known_at"]
    list_filter = ["took_part", "direction", "channel"]


@admin.register(models.EngagementContact)
class EngagementContactAdmin(HistoryAdmin):
    list_display = ["engagement_id", "contact"]
    list_select_related = ["contact"]


@admin.register(models.EngagementContactVersion)
class EngagementContactVersionAdmin(HistoryAdmin):
    list_display = ["engagement_id", "contact_id", "took_part", "known_at", "recorded_at"]
    list_filter = ["took_part"]


@admin.register(models.Ticket)
class TicketAdmin(HistoryAdmin):
    list_display = ["subject", "customer", "priority", "opened_at", "first_reply_at", "solved_at", "csat"]
    list_filter = ["priority"]
    list_select_related = ["customer"]
    search_fields = ["subject", "external_id", "customer__name"]


@admin.register(models.TicketVersion)
class TicketVersionAdmin(HistoryAdmin):
    list_display = ["ticket_id", "customer_id", "priority", "opened_at", "first_reply_at", "solved_at", "known_at"]
    list_filter = ["priority"]


@admin.register(models.Cadence)
class CadenceAdmin(HistoryAdmin):
    list_display = ["name", "every_days", "direction", "position"]


@admin.register(models.Signal)
class SignalAdmin(HistoryAdmin):
    list_display = ["summary", "customer", "kind", "state", "known_at", "answered_at", "source"]
    list_filter = ["kind", "state", "source"]
    list_select_related = ["customer"]
    search_fields = ["summary", "customer__name", "external_id"]


@admin.register(models.Shock)
class ShockAdmin(HistoryAdmin):
    list_display = ["name", "state", "struck_on", "declared_at", "closed_at"]
    list_filter = ["state"]
    search_fields = ["name", "external_id"]


@admin.register(models.ShockCustomer)
class ShockCustomerAdmin(HistoryAdmin):
    list_display = ["shock_id", "customer", "arr_minor", "band"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(models.ShockMember)
class ShockMemberAdmin(HistoryAdmin):
    list_display = ["shock_id", "member", "part"]
    list_select_related = ["member__user"]


@admin.register(models.Request)
class RequestAdmin(HistoryAdmin):
    list_display = ["title", "kind", "status", "raised_at", "shipped_at", "merged_into_id"]
    list_filter = ["kind", "status"]
    search_fields = ["title", "external_id"]


@admin.register(models.RequestCustomer)
class RequestCustomerAdmin(HistoryAdmin):
    list_display = ["request", "customer", "raised_at", "raised_by"]
    list_select_related = ["request", "customer"]
    search_fields = ["request__title", "customer__name"]


@admin.register(models.RequestAnswer)
class RequestAnswerAdmin(HistoryAdmin):
    list_display = ["request", "status", "occurred_at", "known_at", "answered_by"]
    list_filter = ["status"]
    list_select_related = ["request"]


@admin.register(models.AdvocacyAct)
class AdvocacyActAdmin(HistoryAdmin):
    list_display = ["customer", "kind", "state", "asked_at", "done_at", "thanked_at", "withdrawn_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "external_id"]


@admin.register(models.AdvocacyStep)
class AdvocacyStepAdmin(HistoryAdmin):
    list_display = ["act_id", "state", "occurred_at", "known_at", "actor_label"]
    list_filter = ["state"]


@admin.register(models.AdvocacySilence)
class AdvocacySilenceAdmin(HistoryAdmin):
    list_display = ["customer", "contact", "until", "reason", "since", "by_label", "lifted_at"]
    list_select_related = ["customer", "contact"]


@admin.register(models.AdvocacyRest)
class AdvocacyRestAdmin(HistoryAdmin):
    list_display = ["customer_days", "contact_days"]


@admin.register(models.Playbook)
class PlaybookAdmin(HistoryAdmin):
    list_display = ["name", "state", "paused_because", "trigger_event", "next_slot_at", "owner"]
    list_filter = ["state"]
    list_select_related = ["owner__user"]
    search_fields = ["name"]


@admin.register(models.PlaybookVersion)
class PlaybookVersionAdmin(HistoryAdmin):
    list_display = ["playbook", "number", "created_at", "created_by_label"]
    list_select_related = ["playbook"]


@admin.register(models.PlaybookRun)
class PlaybookRunAdmin(HistoryAdmin):
    list_display = ["playbook", "customer", "state", "step", "trigger", "started_at", "due_at", "note"]
    list_filter = ["state"]
    list_select_related = ["playbook", "customer"]
    search_fields = ["customer__name"]


@admin.register(models.RunStep)
class RunStepAdmin(HistoryAdmin):
    list_display = ["run_id", "number", "kind", "state", "at", "note"]
    list_filter = ["kind", "state"]


@admin.register(models.Responsibility)
class ResponsibilityAdmin(HistoryAdmin):
    list_display = ["stage", "department", "words"]
    list_filter = ["department"]
    list_select_related = ["stage"]


@admin.register(models.DepartmentTempo)
class DepartmentTempoAdmin(HistoryAdmin):
    list_display = ["department", "handover_days", "contacts", "request_days", "signal_days"]
