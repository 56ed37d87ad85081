"""Addresses of advocacy."""

from django.urls import path

from journeys.views import advocacy as views

urlpatterns = [
    path("journeys/advocacy/", views.advocacy_board, name="advocacy_board"),
    path("journeys/advocacy/customers/<uuid:customer_id>/new/", views.advocacy_new, name="advocacy_new"),
    path("journeys/advocacy/customers/<uuid:customer_id>/silence/", views.advocacy_silence, name="advocacy_silence"),
    path("journeys/advocacy/silences/<uuid:advocacysilence_id>/lift/", views.advocacy_lift, name="advocacy_lift"),
    path("journeys/advocacy/<uuid:advocacyact_id>/step/", views.advocacy_step, name="advocacy_step"),
    path("journeys/advocacy/<uuid:advocacyact_id>/refer/", views.advocacy_refer, name="advocacy_refer"),
    path("settings/advocacy/", views.advocacy_settings, name="advocacy_settings"),
]
