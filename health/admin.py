"""The administration's pages for measures, scorecards and scores: read only.

Measures and scorecards change by publishing a version, which keeps what scores were made of.
"""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.administration.base import HistoryAdmin
from health.models import (
    Alert,
    AlertDelivery,
    AlertMute,
    AlertPreference,
    AlertRoute,
    CardAssignment,
    ChurnBaseRate,
    ChurnDrift,
    ChurnModel,
    ChurnProof,
    ChurnSetting,
    HealthOverride,
    HealthScore,
    HealthSnapshot,
    InboxBatch,
    Judgement,
    Measure,
    RejectedMessage,
    Scorecard,
    ScorecardDraft,
    ScorecardVersion,
    ScoringRun,
    SeenName,
    SenderOutage,
    SlackHook,
    TodayDismissal,
)


@admin.register(Measure)
class MeasureAdmin(HistoryAdmin):
    list_display = ["key", "source", "aggregation", "unit", "version", "updated_at"]
    search_fields = ["key"]

    @admin.display(description=_("Source"))
    def source(self, measure: Measure) -> str:
        return str(measure.definition.get("source", ""))

    @admin.display(description=_("Aggregation"))
    def aggregation(self, measure: Measure) -> str:
        return str(measure.definition.get("aggregation", ""))


@admin.register(Scorecard)
class ScorecardAdmin(HistoryAdmin):
    list_display = ["name", "is_default", "position", "retired_at", "created_at"]


@admin.register(CardAssignment)
class CardAssignmentAdmin(HistoryAdmin):
    list_display = ["customer", "scorecard", "known_at"]
    list_select_related = ["customer", "scorecard"]


@admin.register(ScorecardVersion)
class ScorecardVersionAdmin(HistoryAdmin):
    list_display = ["scorecard", "version", "published_at", "published_by_label"]
    list_select_related = ["scorecard"]


@admin.register(ScorecardDraft)
class ScorecardDraftAdmin(HistoryAdmin):
    list_display = ["scorecard", "version", "updated_at", "updated_by_label"]
    list_select_related = ["scorecard"]


@admin.register(HealthOverride)
class HealthOverrideAdmin(HistoryAdmin):
    list_display = ["customer", "band", "from_day", "expires_on", "ended_at", "by_label"]
    list_filter = ["band"]
    list_select_related = ["customer"]


@admin.register(SenderOutage)
class SenderOutageAdmin(HistoryAdmin):
    list_display = ["first_day", "last_day", "known_at", "ended_at", "withdrawn_at"]


@admin.register(HealthScore)
class HealthScoreAdmin(HistoryAdmin):
    list_display = ["customer", "band", "points", "coverage", "churn_risk", "as_of", "computed_at"]
    list_filter = ["band"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(HealthSnapshot)
class HealthSnapshotAdmin(HistoryAdmin):
    list_display = ["customer", "as_of", "revision", "band", "points", "coverage"]
    list_filter = ["band"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(ScoringRun)
class ScoringRunAdmin(HistoryAdmin):
    list_display = ["kind", "days", "shards", "created_at"]
    list_filter = ["kind"]


@admin.register(ChurnBaseRate)
class ChurnBaseRateAdmin(HistoryAdmin):
    """How often customers churn here, by day: what the risk rules are scaled to."""


@admin.register(ChurnModel)
class ChurnModelAdmin(HistoryAdmin):
    """Trained models with their proof; the fitted content is for the program alone."""

    list_display = ["number", "status", "recipe", "horizon_days", "churned_customers", "trained_at"]
    list_filter = ["status"]
    exclude = ["content"]


@admin.register(RejectedMessage)
class RejectedMessageAdmin(HistoryAdmin):
    list_display = ["received_at", "reason"]
    search_fields = ["reason"]
    exclude = ["payload"]


@admin.register(InboxBatch)
class InboxBatchAdmin(HistoryAdmin):
    """Batches that were acknowledged and wait to be drained: normally none."""

    list_display = ["id", "received_at", "messages"]
    exclude = ["payload"]


@admin.register(TodayDismissal)
class TodayDismissalAdmin(HistoryAdmin):
    """What somebody put aside on Today; the page itself takes it back."""

    list_display = ["customer", "member", "kind", "until", "reason", "undone_at"]
    list_filter = ["kind"]
    list_select_related = ["customer", "member__user"]
    search_fields = ["customer__name"]


@admin.register(Alert)
class AlertAdmin(HistoryAdmin):
    list_display = ["customer", "kind", "state", "began_at", "over_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(AlertMute)
class AlertMuteAdmin(HistoryAdmin):
    list_display = ["kind", "customer", "until", "reason", "made_by_label", "undone_at"]
    list_filter = ["kind"]
    list_select_related = ["customer"]


@admin.register(AlertRoute)
class AlertRouteAdmin(HistoryAdmin):
    list_display = ["name", "kinds", "roles", "channels", "pace"]


@admin.register(AlertPreference)
class AlertPreferenceAdmin(HistoryAdmin):
    list_display = ["member", "wants_in_app", "wants_email", "email_pace", "digest_hour"]
    list_select_related = ["member__user"]


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(HistoryAdmin):
    """What went to whom: where an alert did not arrive, the reason stands here."""

    list_display = ["alert_id", "channel", "pace", "made_at", "due_at", "done_at", "attempts", "error"]
    list_filter = ["channel", "pace"]


@admin.register(SlackHook)
class SlackHookAdmin(HistoryAdmin):
    list_display = ["name", "hint", "is_enabled", "failing_since", "last_status"]
    exclude = ["url_secret"]


@admin.register(Judgement)
class JudgementAdmin(HistoryAdmin):
    list_display = ["customer", "score", "reason", "until", "made_at", "actor_label"]
    list_filter = ["score"]
    list_select_related = ["customer"]
    search_fields = ["customer__name"]


@admin.register(ChurnSetting)
class ChurnSettingAdmin(HistoryAdmin):
    list_display = ["horizon_days", "capacity", "retrains", "set_at", "set_by_label"]


@admin.register(ChurnProof)
class ChurnProofAdmin(HistoryAdmin):
    list_display = ["made_at", "horizon_days", "model", "made_by_label"]


@admin.register(ChurnDrift)
class ChurnDriftAdmin(HistoryAdmin):
    list_display = ["model", "as_of", "customers", "is_alarm"]


@admin.register(SeenName)
class SeenNameAdmin(HistoryAdmin):
    list_display = ["name", "first_day", "known_on", "recorded_at"]
    search_fields = ["name"]
