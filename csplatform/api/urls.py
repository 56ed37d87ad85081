"""Every address below ``/api/``. Sub-resources come before their customer: an external id may hold slashes."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path, re_path, register_converter
from rest_framework.viewsets import ViewSetMixin

from accounts.api.contacts import ContactViewSet
from accounts.api.customers import CustomerViewSet
from accounts.api.imports import ImportViewSet
from accounts.api.jobs import JobViewSet
from accounts.api.members import MemberViewSet
from accounts.api.money import InvoiceViewSet, OpportunityViewSet
from accounts.api.segments import SegmentCustomerViewSet, SegmentViewSet
from accounts.api.subscriptions import SubscriptionViewSet
from accounts.api.webhooks import WebhookDeliveryViewSet, WebhookEventViewSet, WebhookViewSet
from csplatform.api.docs import DocsView, SchemaView
from csplatform.api.errors import unknown_address
from csplatform.core.rest.paths import ReferenceConverter
from health.api.alerts import AlertViewSet
from health.api.card_versions import ScorecardDraftViewSet, ScorecardVersionViewSet
from health.api.churn_settings import ChurnSettingsViewSet
from health.api.customers import CustomerHealthViewSet
from health.api.definitions import MeasureViewSet
from health.api.judgements import JudgementViewSet
from health.api.overrides import HealthOverrideViewSet
from health.api.scorecards import ScorecardViewSet
from journeys.api.adoption import (
    AdoptionIndicatorViewSet,
    AdoptionRulesViewSet,
    AdoptionStateViewSet,
    CustomerAdoptionViewSet,
)
from journeys.api.advocacy import AdvocacyViewSet
from journeys.api.engagements import EngagementFileViewSet, EngagementViewSet
from journeys.api.flight import CustomerFlightViewSet, LapViewSet
from journeys.api.kpis import KpiViewSet, MeasurementViewSet
from journeys.api.outcomes import OutcomeViewSet
from journeys.api.playbooks import PlaybookRunViewSet, PlaybookViewSet
from journeys.api.relay_settings import RelayTemplateViewSet, WorkingDaysViewSet
from journeys.api.relays import RelayViewSet
from journeys.api.requests import RequestCustomerViewSet, RequestViewSet
from journeys.api.shocks import ShockCustomerViewSet, ShockViewSet
from journeys.api.signals import SignalViewSet
from journeys.api.stages import StageViewSet
from journeys.api.tasks import TaskViewSet
from journeys.api.team import TeamViewSet
from journeys.api.tickets import TicketViewSet
from journeys.api.wins import WinViewSet
from surveys.api.mailing import SuppressionViewSet, SurveySendViewSet
from surveys.api.responses import ResponseViewSet, SurveyResponseViewSet
from surveys.api.surveys import SurveyViewSet

register_converter(ReferenceConverter, "reference")

_LIST = {"get": "list", "post": "create"}
_RECORD = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


def _records(name: str, view: type[ViewSetMixin], *, stay: bool = False) -> list[URLPattern]:
    """The list and the single record of a resource, with the methods its view has.

    ``stay``: what is promised or was measured is settled, retired or withdrawn, and not deleted.
    """
    collection: dict[str, Any] = {method: action for method, action in _LIST.items() if hasattr(view, action)}
    record: dict[str, Any] = {method: action for method, action in _RECORD.items() if hasattr(view, action)}
    if stay:
        record.pop("delete", None)
    label = f"api-{name.replace('/', '-')}"
    return [
        path(f"v1/{name}/", view.as_view(collection), name=label),
        path(f"v1/{name}/<reference:id>/", view.as_view(record), name=f"{label}-record"),
    ]


_health = CustomerHealthViewSet.as_view
_adoption = CustomerAdoptionViewSet.as_view
_flight = CustomerFlightViewSet.as_view
_survey = SurveyViewSet.as_view
_relay = RelayViewSet.as_view
_task = TaskViewSet.as_view
_playbook = PlaybookViewSet.as_view
_run = PlaybookRunViewSet.as_view
_webhook = WebhookViewSet.as_view
_delivery = WebhookDeliveryViewSet.as_view

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    path("v1/customers/<reference:id>/health/", _health({"get": "health"}), name="api-customer-health"),
    path(
        "v1/customers/<reference:id>/health/override/",
        HealthOverrideViewSet.as_view({"get": "read", "post": "begin", "delete": "end"}),
        name="api-customer-health-override",
    ),
    path("v1/customers/<reference:id>/health/history/", _health({"get": "history"}), name="api-customer-history"),
    path("v1/customers/<reference:id>/health/changes/", _health({"get": "changes"}), name="api-customer-changes"),
    path(
        "v1/customers/<reference:id>/judgements/",
        JudgementViewSet.as_view({"get": "list", "post": "create"}),
        name="api-customer-judgements",
    ),
    path("v1/customers/<reference:id>/usage/", _health({"get": "usage"}), name="api-customer-usage"),
    path("v1/customers/<reference:id>/flight/", _flight({"get": "flight"}), name="api-customer-flight"),
    path("v1/customers/<reference:id>/move/", _flight({"post": "move"}), name="api-customer-move"),
    path("v1/customers/<reference:id>/ground/", _flight({"post": "ground"}), name="api-customer-ground"),
    path(
        "v1/customers/<reference:id>/adoption/plan/",
        _adoption({"get": "plans", "put": "plan"}),
        name="api-customer-adoption-plan",
    ),
    path("v1/customers/<reference:id>/adoption/", _adoption({"get": "adoption"}), name="api-customer-adoption"),
    *_records("customers", CustomerViewSet),
    *_records("contacts", ContactViewSet),
    *_records("subscriptions", SubscriptionViewSet),
    *_records("invoices", InvoiceViewSet),
    *_records("opportunities", OpportunityViewSet),
    path("v1/segments/preview/", SegmentViewSet.as_view({"post": "preview"}), name="api-segments-preview"),
    path(
        "v1/segments/<reference:id>/customers/",
        SegmentCustomerViewSet.as_view({"get": "list"}),
        name="api-segments-customers",
    ),
    *_records("segments", SegmentViewSet),
    *_records("stages", StageViewSet),
    *_records("laps", LapViewSet),
    *(
        path(f"v1/relays/<reference:id>/{deed}/", _relay({"post": deed}), name=f"api-relays-{deed}")
        for deed in ("accept", "decline", "withdraw", "reoffer", "tick")
    ),
    *_records("relays", RelayViewSet),
    *_records("relay-templates", RelayTemplateViewSet),
    path(
        "v1/churn-settings/",
        ChurnSettingsViewSet.as_view({"get": "read", "patch": "change"}),
        name="api-churn-settings",
    ),
    path(
        "v1/churn-settings/retire/",
        ChurnSettingsViewSet.as_view({"post": "retire"}),
        name="api-churn-settings-retire",
    ),
    path("v1/working-days/", WorkingDaysViewSet.as_view({"get": "read", "patch": "change"}), name="api-working-days"),
    *(
        path(f"v1/tasks/<reference:id>/{deed}/", _task({"post": deed}), name=f"api-tasks-{deed}")
        for deed in ("take", "snooze", "wake", "done", "cancel", "reopen")
    ),
    *_records("tasks", TaskViewSet),
    *(
        path(f"v1/team/{part}/", TeamViewSet.as_view({"get": part}), name=f"api-team-{part}")
        for part in ("responsibilities", "tempo", "workload")
    ),
    path("v1/engagements/files/", EngagementFileViewSet.as_view({"post": "take"}), name="api-engagements-files"),
    *_records("engagements", EngagementViewSet),
    *_records("tickets", TicketViewSet),
    path("v1/outcomes/<reference:id>/settle/", OutcomeViewSet.as_view({"post": "settle"}), name="api-outcome-settle"),
    path(
        "v1/outcomes/<reference:id>/versions/", OutcomeViewSet.as_view({"get": "versions"}), name="api-outcome-versions"
    ),
    *_records("outcomes", OutcomeViewSet, stay=True),
    path("v1/kpis/<reference:id>/retire/", KpiViewSet.as_view({"post": "retire"}), name="api-kpi-retire"),
    path("v1/kpis/<reference:id>/versions/", KpiViewSet.as_view({"get": "versions"}), name="api-kpi-versions"),
    *_records("kpis", KpiViewSet, stay=True),
    path(
        "v1/measurements/<reference:id>/withdraw/",
        MeasurementViewSet.as_view({"post": "withdraw"}),
        name="api-measurement-withdraw",
    ),
    *_records("measurements", MeasurementViewSet, stay=True),
    path("v1/wins/<reference:id>/celebrate/", WinViewSet.as_view({"post": "celebrate"}), name="api-win-celebrate"),
    *_records("wins", WinViewSet, stay=True),
    path(
        "v1/requests/<reference:id>/customers/",
        RequestCustomerViewSet.as_view({"get": "list"}),
        name="api-requests-customers",
    ),
    path("v1/requests/<reference:id>/merge/", RequestViewSet.as_view({"post": "merge"}), name="api-requests-merge"),
    path("v1/requests/<reference:id>/split/", RequestViewSet.as_view({"post": "split"}), name="api-requests-split"),
    *_records("requests", RequestViewSet),
    *_records("adoption-states", AdoptionStateViewSet),
    *_records("adoption-rules", AdoptionRulesViewSet),
    *_records("adoption-indicators", AdoptionIndicatorViewSet),
    *_records("advocacy", AdvocacyViewSet),
    path("v1/playbooks/<reference:id>/dry-run/", _playbook({"get": "dry_run"}), name="api-playbooks-dry-run"),
    *(
        path(f"v1/playbooks/<reference:id>/{deed}/", _playbook({"post": deed}), name=f"api-playbooks-{deed}")
        for deed in ("activate", "pause", "retire", "start")
    ),
    *_records("playbooks", PlaybookViewSet),
    *(
        path(f"v1/playbook-runs/<reference:id>/{deed}/", _run({"post": deed}), name=f"api-playbook-runs-{deed}")
        for deed in ("cancel", "retry")
    ),
    *_records("playbook-runs", PlaybookRunViewSet),
    *(
        path(f"v1/alerts/<reference:id>/{deed}/", AlertViewSet.as_view({"post": deed}), name=f"api-alerts-{deed}")
        for deed in ("acknowledge", "mute", "unmute")
    ),
    *_records("alerts", AlertViewSet),
    path("v1/signals/<reference:id>/answer/", SignalViewSet.as_view({"post": "answer"}), name="api-signals-answer"),
    *_records("signals", SignalViewSet),
    path("v1/shocks/<reference:id>/close/", ShockViewSet.as_view({"post": "close"}), name="api-shocks-close"),
    path(
        "v1/shocks/<reference:id>/customers/",
        ShockCustomerViewSet.as_view({"get": "list"}),
        name="api-shocks-customers",
    ),
    *_records("shocks", ShockViewSet),
    *_records("measures", MeasureViewSet),
    path(
        "v1/scorecards/<reference:id>/versions/",
        ScorecardVersionViewSet.as_view({"get": "list", "post": "create"}),
        name="api-scorecard-versions",
    ),
    path(
        "v1/scorecards/<reference:id>/versions/<int:version>/",
        ScorecardVersionViewSet.as_view({"get": "retrieve"}),
        name="api-scorecard-version",
    ),
    path(
        "v1/scorecards/<reference:id>/draft/",
        ScorecardDraftViewSet.as_view({"get": "read", "put": "save", "delete": "discard"}),
        name="api-scorecard-draft",
    ),
    path(
        "v1/scorecards/<reference:id>/draft/publish/",
        ScorecardVersionViewSet.as_view({"post": "publish_draft"}),
        name="api-scorecard-draft-publish",
    ),
    *_records("scorecards", ScorecardViewSet),
    path("v1/surveys/<reference:id>/open/", _survey({"post": "open"}), name="api-surveys-open"),
    path("v1/surveys/<reference:id>/close/", _survey({"post": "close"}), name="api-surveys-close"),
    path("v1/surveys/<reference:id>/publish/", _survey({"post": "publish"}), name="api-surveys-publish"),
    path("v1/surveys/<reference:id>/tally/", _survey({"get": "tally"}), name="api-surveys-tally"),
    path(
        "v1/surveys/<reference:id>/responses/",
        SurveyResponseViewSet.as_view({"get": "list", "post": "create"}),
        name="api-surveys-responses",
    ),
    path("v1/surveys/bounces/", SurveySendViewSet.as_view({"post": "bounce"}), name="api-surveys-bounces"),
    *_records("surveys/suppressions", SuppressionViewSet),
    path("v1/surveys/<reference:id>/send/", SurveySendViewSet.as_view({"post": "send"}), name="api-surveys-send"),
    *_records("surveys", SurveyViewSet),
    *_records("responses", ResponseViewSet),
    path("v1/webhooks/events/", WebhookEventViewSet.as_view({"get": "events"}), name="api-webhooks-events"),
    path("v1/webhooks/<reference:id>/test/", _webhook({"post": "test"}), name="api-webhooks-test"),
    path(
        "v1/webhooks/<reference:id>/rotate-secret/",
        _webhook({"post": "rotate_secret"}),
        name="api-webhooks-rotate-secret",
    ),
    path("v1/webhooks/<reference:id>/replay/", _webhook({"post": "replay_failed"}), name="api-webhooks-replay"),
    path("v1/webhooks/<reference:id>/deliveries/", _delivery({"get": "list"}), name="api-webhooks-deliveries"),
    path(
        "v1/webhooks/<reference:id>/deliveries/<str:delivery>/replay/",
        _delivery({"post": "replay"}),
        name="api-webhooks-delivery-replay",
    ),
    path(
        "v1/webhooks/<reference:id>/deliveries/<str:delivery>/",
        _delivery({"get": "retrieve"}),
        name="api-webhooks-delivery",
    ),
    *_records("webhooks", WebhookViewSet),
    *_records("members", MemberViewSet),
    path("v1/imports/<reference:id>/rejects/", ImportViewSet.as_view({"get": "rejects"}), name="api-imports-rejects"),
    *_records("imports", ImportViewSet),
    *_records("jobs", JobViewSet),
    re_path(r"^", unknown_address),
]
