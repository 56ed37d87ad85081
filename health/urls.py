"""Addresses of health's pages and fragments."""

from django.urls import path

from health.views import alert_settings, alerts, judgement, lab, measures, override, panel, scorecards, start, today

urlpatterns = [
    path("", today.today, name="today"),
    path("today/<uuid:customer_id>/put-aside/", today.put_aside, name="today_put_aside"),
    path("today/<uuid:dismissal_id>/back/", today.bring_back, name="today_bring_back"),
    path("customers/<uuid:customer_id>/judgement/", judgement.judge_customer, name="customer_judge"),
    path("health/measures/", measures.listing, name="measure_list"),
    path("health/measures/new/", measures.new, name="measure_new"),
    path("health/measures/<uuid:measure_id>/", measures.edit, name="measure_edit"),
    path("health/measures/<uuid:measure_id>/delete/", measures.delete, name="measure_delete"),
    path("customers/<uuid:customer_id>/health/", panel.customer_health, name="customer_health"),
    path("customers/<uuid:customer_id>/override/", override.override, name="customer_override"),
    path("customers/<uuid:customer_id>/override/end/", override.end, name="customer_override_end"),
    path("health/scorecards/", scorecards.listing, name="scorecard_list"),
    path("health/scorecards/new/", scorecards.new, name="scorecard_new"),
    path("health/scorecards/<uuid:scorecard_id>/", scorecards.detail, name="scorecard_detail"),
    path("health/scorecards/<uuid:scorecard_id>/preview/", scorecards.preview, name="scorecard_preview"),
    path("health/scorecards/<uuid:scorecard_id>/publish/", scorecards.publish, name="scorecard_publish"),
    *(
        path(f"health/scorecards/<uuid:scorecard_id>/{deed}/", scorecards.deed, {"deed": deed}, f"scorecard_{deed}")
        for deed in scorecards.DEEDS
    ),
    path("start/", start.start, name="start"),
    path("start/files/", start.upload, name="start_upload"),
    path("start/files/<uuid:pk>/", start.file, name="start_file"),
    path("start/files/<uuid:pk>/remove/", start.remove, name="start_remove"),
    path("start/import/", start.import_files, name="start_import"),
    path("start/prove/", start.prove, name="start_prove"),
    path("start/again/<str:step>/", start.again, name="start_again"),
    path("start/dismiss/", start.dismiss, name="start_dismiss"),
    path("start/progress/", start.progress, name="start_progress"),
    path("health/lab/", lab.default_lab, name="what_if"),
    path("health/scorecards/<uuid:scorecard_id>/lab/", lab.scorecard_lab, name="scorecard_lab"),
    path("health/alerts/", alerts.listing, name="alert_list"),
    path("health/alerts/read/", alerts.read_all, name="alert_read_all"),
    path("health/alerts/<uuid:alert_id>/acknowledge/", alerts.acknowledge, name="alert_acknowledge"),
    path("health/alerts/<uuid:alert_id>/mute/", alerts.mute, name="alert_mute"),
    path("health/alerts/mutes/<uuid:mute_id>/undo/", alerts.unmute, name="alert_unmute"),
    path("settings/alerts/", alert_settings.preferences, name="alert_preferences"),
    path("settings/alerts/routes/", alert_settings.routes, name="alert_routes"),
    path("settings/alerts/routes/<uuid:route_id>/delete/", alert_settings.route_delete, name="alert_route_delete"),
    path("settings/alerts/hooks/", alert_settings.hook_add, name="slack_hook_add"),
    path("settings/alerts/hooks/<uuid:hook_id>/delete/", alert_settings.hook_delete, name="slack_hook_delete"),
    path("settings/alerts/hooks/<uuid:hook_id>/on/", alert_settings.hook_on, name="slack_hook_on"),
]
