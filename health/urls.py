"""Addresses of health's pages and fragments."""

from django.urls import path

from health.views import lab, panel, start, today

urlpatterns = [
    path("", today.today, name="today"),
    path("today/<uuid:customer_id>/put-aside/", today.put_aside, name="today_put_aside"),
    path("today/<uuid:dismissal_id>/back/", today.bring_back, name="today_bring_back"),
    path("customers/<uuid:customer_id>/health/", panel.customer_health, name="customer_health"),
    path("start/", start.start, name="start"),
    path("start/files/", start.upload, name="start_upload"),
    path("start/files/<uuid:pk>/", start.file, name="start_file"),
    path("start/files/<uuid:pk>/remove/", start.remove, name="start_remove"),
    path("start/import/", start.import_files, name="start_import"),
    path("start/prove/", start.prove, name="start_prove"),
    path("start/again/<str:step>/", start.again, name="start_again"),
    path("start/dismiss/", start.dismiss, name="start_dismiss"),
    path("start/progress/", start.progress, name="start_progress"),
    path("health/scorecards/<uuid:scorecard_id>/lab/", lab.scorecard_lab, name="scorecard_lab"),
]
